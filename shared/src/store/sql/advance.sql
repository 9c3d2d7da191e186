-- Moves a group of posts forward. The caller holds the rows of every batch named in $3, so no post of theirs can change
-- under this statement. Answers one row an item.
--
-- $1 is the worker. Every other parameter is a column of one of the lists below; `n` is an item's place in the group.
--
-- It is planned once a connection, perhaps while the tables are all but empty. So wherever a row is looked up, the list that
-- its key is in ($2, $3, $7) is named beside the join: whichever way round the join is planned, no other rows are read.
WITH
item AS (
    SELECT t.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[]) WITH ORDINALITY
        AS t (post_id, batch_id, user_id, epoch, n)
),
bill AS (
    SELECT t.* FROM unnest($6::bigint[], $7::uuid[], $8::text[], $9::smallint[], $10::text[], $11::text[], $12::text[],
                           $13::bigint[], $14::text[], $15::jsonb[], $16::text[], $17::int[])
        AS t (n, post_id, step, ordinal, state, outcome, verdict, cost_nanos, cost_source, usage, provider_request_id, duration_ms)
),
caption AS (
    SELECT t.* FROM unnest($18::bigint[], $19::text[], $20::jsonb[], $21::text[], $22::text[], $42::jsonb[], $43::bigint[],
                           $44::text[])
        AS t (n, caption, hashtags, image_prompt, alt_text, flags, simhash, moderation)
),
judgement AS (
    SELECT t.* FROM unnest($45::bigint[], $46::text[]) AS t (n, moderation)
),
picture AS (
    SELECT t.* FROM unnest($23::bigint[], $24::text[], $47::text[], $48::int[], $49::int[], $50::int[], $51::bytea[], $52::jsonb[])
        AS t (n, key, format, width, height, bytes, thumbhash, flags)
),
made AS (
    SELECT t.* FROM unnest($54::bigint[], $55::jsonb[], $56::jsonb[], $57::text[], $58::bigint[])
        AS t (n, result, scores, model, print)
),
reservation AS (
    SELECT t.* FROM unnest($25::bigint[], $26::uuid[], $27::text[], $28::smallint[], $29::int[], $30::text[], $31::text[],
                           $32::text[], $33::text[], $34::bigint[], $35::text[], $53::uuid[])
        AS t (n, call_id, step, ordinal, revision, provider, pool, key_label, model, reserved_nanos, price_version,
              provider_batch)
),
ending AS (
    SELECT t.* FROM unnest($36::bigint[], $37::text[], $38::bigint[], $39::smallint[], $40::text[], $41::text[])
        AS t (n, status, after_ms, retries, class, message)
),

-- Money: whoever made a call records what it cost, once, whether or not the post is still theirs.
settled AS (
    UPDATE attempts a
    SET state = b.state, outcome = b.outcome, verdict = b.verdict, cost_nanos = b.cost_nanos, cost_source = b.cost_source,
        usage = b.usage, provider_request_id = b.provider_request_id, duration_ms = b.duration_ms
    FROM bill b JOIN attempts before ON before.work_id = b.post_id AND before.step = b.step AND before.ordinal = b.ordinal
    WHERE a.work_id = b.post_id AND a.step = b.step AND a.ordinal = b.ordinal
      AND a.work_id = ANY ($7) AND before.work_id = ANY ($7)
      AND a.state IN ('reserved', 'sent', 'unknown') AND a.state <> b.state
    RETURNING b.n, a.batch_job_id AS batch_id, a.cost_nanos,
              -- A call counts in the month that it was reserved in.
              month_of(a.started_at) AS month,
              -- What nobody knows the cost of stays held.
              CASE WHEN a.state = 'unknown' THEN 0 ELSE a.reserved_nanos END AS freed_nanos,
              (a.state = 'unknown')::int - (before.state = 'unknown')::int AS doubts,
              ((a.state = 'unknown')::int - (before.state = 'unknown')::int) * a.reserved_nanos AS doubted_nanos
),

-- Content: only the owner in the claimed epoch writes it; of a post that nobody ever had (epoch 0), the economy lane.
held AS (
    SELECT i.n FROM item i JOIN campaign_posts p ON p.id = i.post_id
    WHERE p.id = ANY ($2) AND p.epoch = i.epoch
      AND CASE WHEN i.epoch = 0 THEN p.owner IS NULL AND p.status = 'pending'
               ELSE p.owner = $1 AND p.status = 'processing' END
),
-- A group that is written again, because the answer to its commit was lost, finds its endings written.
ended_before AS (
    SELECT i.n FROM item i JOIN ending e USING (n) JOIN campaign_posts p ON p.id = i.post_id
    WHERE p.id = ANY ($2) AND p.owner IS NULL AND p.epoch = i.epoch AND (p.status = e.status OR p.status = 'cancelled')
),

-- Leave to call: while the batch runs, and as far as every cap reaches that it stands under, in the order of the group.
-- `left` is what may still be reserved; `most` is what might be once every call under way has cost nothing.
room AS (
    SELECT b.id, b.campaign_id, b.user_id, b.status,
           b.cap_nanos - b.held_nanos - b.spent_nanos + coalesce(sum(s.freed_nanos - s.cost_nanos), 0) AS left_nanos,
           b.cap_nanos - b.unconfirmed_nanos - b.spent_nanos - coalesce(sum(s.doubted_nanos + s.cost_nanos), 0) AS most_nanos
    FROM batch_jobs b LEFT JOIN settled s ON s.batch_id = b.id
    WHERE b.id = ANY ($3)
    GROUP BY b.id
),
-- The caps above the batches', locked in one order and read as they stand then. A new one is made under the locks of the
-- batches that it covers, so none can appear beside this statement.
budget AS MATERIALIZED (
    SELECT g.scope_id, g.period, g.cap_nanos, g.held_nanos, g.spent_nanos, g.unconfirmed_nanos
    FROM budgets g
    WHERE g.scope_id IN (SELECT campaign_id FROM room UNION ALL SELECT user_id FROM room)
      AND g.period IN ('all', month_of(now()), month_of(now() - interval '1 month'))
    ORDER BY g.scope_id, g.period
    FOR UPDATE OF g
),
settled_above AS (
    SELECT above.scope_id, above.period, s.cost_nanos, s.freed_nanos, s.doubted_nanos
    FROM settled s JOIN room r ON r.id = s.batch_id
    CROSS JOIN LATERAL (VALUES (r.campaign_id, 'all'), (r.user_id, s.month)) above (scope_id, period)
    WHERE EXISTS (SELECT FROM budget)
),
purse AS (
    SELECT g.scope_id,
           g.cap_nanos - g.held_nanos - g.spent_nanos + coalesce(sum(s.freed_nanos - s.cost_nanos), 0) AS left_nanos,
           g.cap_nanos - g.unconfirmed_nanos - g.spent_nanos - coalesce(sum(s.doubted_nanos + s.cost_nanos), 0) AS most_nanos
    FROM budget g LEFT JOIN settled_above s USING (scope_id, period)
    WHERE g.period IN ('all', month_of(now()))
    GROUP BY g.scope_id, g.period, g.cap_nanos, g.held_nanos, g.spent_nanos, g.unconfirmed_nanos
    UNION ALL
    -- A user who has a cap, but no row for a month that has just begun, waits until it is there.
    SELECT DISTINCT r.user_id, 0, NULL::numeric
    FROM room r
    WHERE EXISTS (SELECT FROM budgets g WHERE g.scope_id = r.user_id)
      AND NOT EXISTS (SELECT FROM budget g WHERE g.scope_id = r.user_id AND g.period = month_of(now()))
),
asked AS (
    SELECT r.*, i.post_id, i.batch_id, i.user_id, i.epoch, m.campaign_id,
           m.left_nanos AS batch_left, c.left_nanos AS campaign_left, u.left_nanos AS user_left,
           -- It would not fit if nothing were under way.
           r.reserved_nanos > coalesce(least(m.most_nanos, c.most_nanos, u.most_nanos), r.reserved_nanos) AS over
    FROM reservation r JOIN held USING (n) JOIN item i USING (n) JOIN room m ON m.id = i.batch_id
    LEFT JOIN purse c ON c.scope_id = m.campaign_id
    LEFT JOIN purse u ON u.scope_id = m.user_id
    WHERE m.status IN ('processing', 'paused')
),
-- One that is too large by itself stands in nobody's way.
fitting AS (
    SELECT a.*,
           sum(a.reserved_nanos) OVER (PARTITION BY a.batch_id ORDER BY a.n) AS batch_upto,
           sum(a.reserved_nanos) OVER (PARTITION BY a.campaign_id ORDER BY a.n) AS campaign_upto,
           sum(a.reserved_nanos) OVER (PARTITION BY a.user_id ORDER BY a.n) AS user_upto
    FROM asked a
    WHERE a.reserved_nanos <= coalesce(least(a.batch_left, a.campaign_left, a.user_left), a.reserved_nanos)
),
granted AS (
    SELECT * FROM fitting
    WHERE (batch_left IS NULL OR batch_upto <= batch_left)
      AND (campaign_left IS NULL OR campaign_upto <= campaign_left)
      AND (user_left IS NULL OR user_upto <= user_left)
),
-- Leave that a write has given whose answer was lost stays given.
granted_before AS (
    SELECT refused.n
    FROM (SELECT r.n, r.step, r.ordinal, r.call_id, i.post_id
          FROM reservation r JOIN held USING (n) JOIN item i USING (n)
          WHERE NOT EXISTS (SELECT FROM granted g WHERE g.n = r.n)) refused
    JOIN attempts a ON a.work_id = refused.post_id AND a.step = refused.step AND a.ordinal = refused.ordinal
    WHERE a.work_id = ANY ($2) AND a.call_id = refused.call_id AND a.state IN ('reserved', 'sent')
),
sent AS (
    INSERT INTO attempts (work_id, step, ordinal, call_id, epoch, revision, user_id, batch_job_id, provider, pool, key_label,
                          model, state, reserved_nanos, price_version, provider_batch)
    SELECT post_id, step, ordinal, call_id, epoch, revision, user_id, batch_id, provider, pool, key_label,
           model, CASE WHEN provider_batch IS NULL THEN 'sent' ELSE 'reserved' END, reserved_nanos, price_version,
           provider_batch
    FROM granted
    ON CONFLICT DO NOTHING
    RETURNING work_id, batch_job_id AS batch_id, reserved_nanos
),

change AS (
    SELECT i.n, i.post_id, i.batch_id, s.cost_nanos, c.caption, c.hashtags, c.image_prompt, c.alt_text, c.simhash,
           coalesce(j.moderation, c.moderation) AS moderation,
           k.key, k.format, k.width, k.height, k.bytes, k.thumbhash,
           c.flags AS caption_flags, k.flags AS picture_flags, a.result, a.scores, a.model, a.print,
           -- A post of the lane was in no hand, and one that only its bill is written of is in another's.
           i.epoch > 0 AND h.n IS NOT NULL AS in_hand, g.step, g.ordinal, e.after_ms, e.retries, e.class, e.message,
           -- Nothing goes back to wait in a batch that is being cancelled.
           CASE WHEN e.status IN ('pending', 'retrying') AND m.status = 'cancelling' THEN 'cancelled' ELSE e.status END AS status
    FROM item i
    JOIN room m ON m.id = i.batch_id
    LEFT JOIN settled s USING (n)
    LEFT JOIN held h USING (n)
    LEFT JOIN caption c ON c.n = i.n AND h.n IS NOT NULL
    LEFT JOIN judgement j ON j.n = i.n AND h.n IS NOT NULL
    LEFT JOIN picture k ON k.n = i.n AND h.n IS NOT NULL
    LEFT JOIN made a ON a.n = i.n AND h.n IS NOT NULL
    LEFT JOIN granted g ON g.n = i.n
    LEFT JOIN ending e ON e.n = i.n AND h.n IS NOT NULL
    WHERE h.n IS NOT NULL OR s.n IS NOT NULL
),
moved AS (
    UPDATE campaign_posts p
    SET cost_nanos = p.cost_nanos + coalesce(c.cost_nanos, 0),
        generated_caption = coalesce(c.caption, p.generated_caption),
        hashtags = CASE WHEN c.caption IS NULL THEN p.hashtags
                        ELSE (SELECT array_agg(tag) FROM jsonb_array_elements_text(c.hashtags) tag) END,
        image_prompt = coalesce(c.image_prompt, p.image_prompt),
        alt_text = coalesce(c.alt_text, p.alt_text),
        moderation = CASE WHEN c.caption IS NULL THEN coalesce(c.moderation, p.moderation) ELSE c.moderation END,
        simhash = CASE WHEN c.caption IS NULL THEN coalesce(c.print, p.simhash) ELSE c.simhash END,
        result = coalesce(c.result, p.result),
        scores = coalesce(c.scores, p.scores),
        model = coalesce(c.model, p.model),
        near_duplicate_of = CASE WHEN c.caption IS NULL THEN p.near_duplicate_of END,
        generated_image_url = coalesce(c.key, p.generated_image_url),
        image_format = coalesce(c.format, p.image_format),
        image_width = coalesce(c.width, p.image_width),
        image_height = coalesce(c.height, p.image_height),
        image_bytes = coalesce(c.bytes, p.image_bytes),
        image_thumbhash = coalesce(c.thumbhash, p.image_thumbhash),
        -- A new caption takes the old one's flags with it, and a new image its own; written again, none stands twice.
        flags = CASE WHEN c.caption IS NULL AND c.key IS NULL THEN p.flags ELSE ARRAY(
            SELECT f FROM unnest(p.flags) f
            WHERE CASE WHEN f LIKE 'image%' THEN c.key ELSE c.caption END IS NULL
            UNION SELECT jsonb_array_elements_text(c.caption_flags)
            UNION SELECT jsonb_array_elements_text(c.picture_flags)
            ORDER BY 1) END,
        caption_ordinal = CASE c.step WHEN 'caption' THEN c.ordinal ELSE p.caption_ordinal END,
        moderation_ordinal = CASE c.step WHEN 'moderation' THEN c.ordinal ELSE p.moderation_ordinal END,
        image_ordinal = CASE c.step WHEN 'image' THEN c.ordinal ELSE p.image_ordinal END,
        text_ordinal = CASE c.step WHEN 'text' THEN c.ordinal ELSE p.text_ordinal END,
        status = coalesce(c.status, p.status),
        owner = CASE WHEN c.status IS NULL THEN p.owner END,
        -- Whatever the first thing is that a hold writes: the post runs.
        begun = c.status IS NULL AND (c.in_hand OR p.begun),
        retries = p.retries + coalesce(c.retries, 0),
        wake_at = CASE WHEN c.status IS NULL THEN p.wake_at
                       WHEN c.status = 'retrying' THEN now() + c.after_ms * interval '1 millisecond' END,
        error_class = CASE c.status WHEN 'completed' THEN NULL ELSE coalesce(c.class, p.error_class) END,
        error_message = CASE c.status WHEN 'completed' THEN NULL ELSE coalesce(c.message, p.error_message) END,
        finalized_at = CASE WHEN c.status IN ('completed', 'failed', 'cancelled') THEN now() ELSE p.finalized_at END,
        updated_at = now()
    FROM change c
    WHERE p.id = c.post_id AND p.id = ANY ($2)
    RETURNING c.batch_id, c.in_hand, c.status, p.position, p.error_class, p.error_message
),

-- The batch's counters follow from the rows that changed, never from what was asked.
tally AS (
    SELECT batch_id,
           count(*) FILTER (WHERE status IS NOT NULL) AS ended,
           count(*) FILTER (WHERE status IS NOT NULL AND in_hand) AS handed_back,
           count(*) FILTER (WHERE status = 'completed') AS completed,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
           count(*) FILTER (WHERE status = 'retrying') AS retrying,
           min(position) FILTER (WHERE status = 'pending') AS rewind
    FROM moved GROUP BY batch_id
),
failure AS (
    SELECT batch_id, error_class AS class, count(*) AS posts, min(error_message) AS message
    FROM moved WHERE status = 'failed' GROUP BY batch_id, error_class
),
money AS (
    SELECT batch_id, sum(spent) AS spent, sum(held) AS held, sum(doubted) AS doubted, sum(doubts) AS doubts FROM (
        SELECT batch_id, cost_nanos AS spent, -freed_nanos AS held, doubted_nanos AS doubted, doubts FROM settled
        UNION ALL
        SELECT batch_id, 0, reserved_nanos, 0, 0 FROM sent
    ) entry GROUP BY batch_id
),
money_above AS (
    SELECT scope_id, period, sum(spent) AS spent, sum(held) AS held, sum(doubted) AS doubted FROM (
        SELECT scope_id, period, cost_nanos AS spent, -freed_nanos AS held, doubted_nanos AS doubted FROM settled_above
        UNION ALL
        SELECT above.scope_id, above.period, 0, s.reserved_nanos, 0
        FROM sent s JOIN room r ON r.id = s.batch_id
        CROSS JOIN LATERAL (VALUES (r.campaign_id, 'all'), (r.user_id, month_of(now()))) above (scope_id, period)
        WHERE EXISTS (SELECT FROM budget)
    ) entry GROUP BY scope_id, period
),
booked AS (
    UPDATE budgets g
    SET held_nanos = g.held_nanos + m.held, spent_nanos = g.spent_nanos + m.spent,
        unconfirmed_nanos = g.unconfirmed_nanos + m.doubted, updated_at = now()
    FROM money_above m
    WHERE g.scope_id = m.scope_id AND g.period = m.period
),
batch AS (
    UPDATE batch_jobs b
    SET processing = b.processing - coalesce(t.handed_back, 0),
        retrying = b.retrying + coalesce(t.retrying, 0),
        completed_posts = b.completed_posts + coalesce(t.completed, 0),
        failed_posts = b.failed_posts + coalesce(t.failed, 0),
        cancelled_posts = b.cancelled_posts + coalesce(t.cancelled, 0),
        released = least(b.released, coalesce(t.rewind, b.released)),
        floor = least(b.floor, coalesce(t.rewind, b.floor)),
        held_nanos = b.held_nanos + coalesce(m.held, 0),
        spent_nanos = b.spent_nanos + coalesce(m.spent, 0),
        unconfirmed_nanos = b.unconfirmed_nanos + coalesce(m.doubted, 0),
        unknown_attempts = b.unknown_attempts + coalesce(m.doubts, 0),
        wanted_nanos = CASE WHEN o.over AND b.status = 'processing' THEN o.wanted_nanos ELSE b.wanted_nanos END,
        errors = b.errors || coalesce((
            SELECT jsonb_object_agg(f.class, f.posts + coalesce((b.errors ->> f.class)::bigint, 0))
            FROM failure f WHERE f.batch_id = b.id), '{}'),
        -- One line a class of error: the first message of its kind.
        error_log = nullif(concat_ws(E'\n', b.error_log, (
            SELECT string_agg(f.class || ': ' || f.message, E'\n' ORDER BY f.class)
            FROM failure f WHERE f.batch_id = b.id AND NOT b.errors ? f.class)), ''),
        version = b.version + CASE WHEN coalesce(t.ended, 0) > 0 OR coalesce(m.spent, 0) > 0 OR coalesce(m.doubts, 0) <> 0 OR o.over
                               THEN 1 ELSE 0 END,
        status = CASE WHEN done.all_final THEN
                          CASE WHEN b.cancelled_posts + coalesce(t.cancelled, 0) > 0 OR b.status = 'cancelling' THEN 'cancelled'
                               WHEN b.completed_posts + coalesce(t.completed, 0) > 0 THEN 'completed'
                               ELSE 'failed' END
                      -- Of the other kinds each part fails by itself: nobody raises a cap while a person waits.
                      WHEN o.over AND b.status = 'processing' AND b.kind = 'post' THEN 'paused'
                      ELSE b.status END,
        pause_reason = CASE WHEN done.all_final THEN NULL
                            WHEN o.over AND b.status = 'processing' AND b.kind = 'post' THEN 'budget'
                            ELSE b.pause_reason END,
        -- A bill may come after the end.
        finished_at = CASE WHEN done.all_final THEN now() ELSE b.finished_at END,
        updated_at = now()
    FROM room r
    LEFT JOIN tally t ON t.batch_id = r.id
    LEFT JOIN money m ON m.batch_id = r.id
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS over, min(a.reserved_nanos) AS wanted_nanos FROM asked a
        WHERE a.batch_id = r.id AND a.over AND NOT EXISTS (SELECT FROM granted_before g WHERE g.n = a.n)) o
    CROSS JOIN LATERAL (
        SELECT x.completed_posts + x.failed_posts + x.cancelled_posts
               + coalesce(t.completed + t.failed + t.cancelled, 0) = x.total_posts AND coalesce(t.ended, 0) > 0 AS all_final
        FROM batch_jobs x WHERE x.id = r.id AND x.id = ANY ($3)) done
    WHERE b.id = r.id AND b.id = ANY ($3) AND (t.batch_id IS NOT NULL OR m.batch_id IS NOT NULL OR o.over)
    RETURNING b.id, b.version
)
SELECT i.n,
       h.n IS NOT NULL OR d.n IS NOT NULL AS held,
       g.n IS NOT NULL OR w.n IS NOT NULL AS granted,
       a.over,
       b.version
FROM item i
LEFT JOIN held h USING (n)
LEFT JOIN ended_before d USING (n)
LEFT JOIN granted g USING (n)
LEFT JOIN granted_before w USING (n)
LEFT JOIN asked a USING (n)
LEFT JOIN batch b ON b.id = i.batch_id
ORDER BY i.n
