DROP INDEX batch_jobs_of_project;
DROP TABLE assets;
DROP TABLE brand_kits;
