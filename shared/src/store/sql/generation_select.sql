-- Generations with their parts and what their calls used; which ones, its users say.
SELECT g.id, g.number, g.kind, b.status, g.project_id, g.campaign_id, g.parameters, g.prompt, g.external_user,
       b.spent_nanos, b.unconfirmed_nanos, b.version, b.created_at, b.started_at, b.finished_at,
       used.prompt_tokens, used.completion_tokens, made.parts
FROM generations g
JOIN batch_jobs b ON b.id = g.id
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'id', p.id, 'position', p.position, 'status', p.status, 'result', p.result, 'scores', p.scores,
               'model', p.model, 'image', p.generated_image_url, 'image_width', p.image_width,
               'image_height', p.image_height, 'image_bytes', p.image_bytes, 'image_format', p.image_format,
               'image_thumbhash', encode(p.image_thumbhash, 'base64'), 'flags', p.flags, 'cost_nanos', p.cost_nanos,
               'error_class', p.error_class, 'error_message', p.error_message,
               'duration_ms', (extract(epoch FROM p.finalized_at - first_call.at) * 1000)::bigint
           ) ORDER BY p.position), '[]') AS parts,
           array_agg(p.id) AS ids
    FROM campaign_posts p
    CROSS JOIN LATERAL (SELECT min(a.started_at) AS at FROM attempts a WHERE a.work_id = p.id) first_call
    WHERE p.batch_job_id = g.id
) made
CROSS JOIN LATERAL (
    -- Images and texts name their tokens differently.
    SELECT sum(coalesce(a.usage ->> 'prompt_tokens', a.usage ->> 'input_tokens')::bigint)::bigint AS prompt_tokens,
           sum(coalesce(a.usage ->> 'completion_tokens', a.usage ->> 'output_tokens')::bigint)::bigint AS completion_tokens
    FROM attempts a WHERE a.work_id = ANY (made.ids)
) used
