-- Inserts the posts of a new batch, in the order of the arrays.
-- $1 batch  $2 campaign  $3 user  $4 ids  $5 … $14 one array a column
INSERT INTO campaign_posts (id, batch_job_id, campaign_id, user_id, position, external_id, brand_name, topic, tone, brief,
                            target_audience, platform, language, image_size, image_quality)
SELECT p.id, $1, $2, $3, p.ordinality - 1, p.external_id, p.brand_name, p.topic, p.tone, p.brief,
       p.target_audience, p.platform, p.language, p.image_size, p.image_quality
FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
            $13::text[], $14::text[]) WITH ORDINALITY
     AS p (id, external_id, brand_name, topic, tone, brief, target_audience, platform, language, image_size,
           image_quality, ordinality)
