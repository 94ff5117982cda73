CREATE TABLE `dataset_versions` (
	`dataset_id` text NOT NULL,
	`version` integer NOT NULL,
	`description` text NOT NULL,
	`kind` text NOT NULL,
	`format` text NOT NULL,
	`etag` text NOT NULL,
	`r2_key` text NOT NULL,
	`bytes` integer NOT NULL,
	`record_count` integer NOT NULL,
	`schema_json` text NOT NULL,
	`sample_json` text NOT NULL,
	`written_by` text NOT NULL,
	`written_at` integer NOT NULL,
	`kept_until` integer NOT NULL,
	PRIMARY KEY(`dataset_id`, `version`),
	FOREIGN KEY (`dataset_id`) REFERENCES `datasets`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `dataset_versions_object` ON `dataset_versions` (`r2_key`);--> statement-breakpoint
CREATE INDEX `dataset_versions_expiry` ON `dataset_versions` (`kept_until`);