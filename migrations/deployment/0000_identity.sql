CREATE TABLE `queue_totals` (
	`queue` text PRIMARY KEY NOT NULL,
	`handled` integer NOT NULL,
	`failed` integer NOT NULL,
	`dead_letters` integer NOT NULL,
	`last_handled_at` integer NOT NULL,
	`total_lag_ms` integer NOT NULL,
	`buckets_json` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `registered_teams` (
	`slug` text PRIMARY KEY NOT NULL,
	`created_by_person` text,
	`created_at` integer NOT NULL,
	`incarnation` text
);
--> statement-breakpoint
CREATE INDEX `registered_teams_person` ON `registered_teams` (`created_by_person`);