CREATE TABLE `sd_frames` (
	`id` text PRIMARY KEY NOT NULL,
	`storage` integer NOT NULL,
	`state` text NOT NULL,
	`columns_json` text NOT NULL,
	`rows` integer NOT NULL,
	`chunks` integer NOT NULL,
	`bytes` integer NOT NULL,
	`lineage_json` text NOT NULL,
	`is_copy_of` text,
	`pinned` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	`expires_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sd_frames_storage_unique` ON `sd_frames` (`storage`);--> statement-breakpoint
CREATE UNIQUE INDEX `sd_frames_is_copy_of_unique` ON `sd_frames` (`is_copy_of`);--> statement-breakpoint
CREATE INDEX `sd_frames_expiry` ON `sd_frames` (`expires_at`);--> statement-breakpoint
CREATE TABLE `sd_change_chunks` (
	`change_id` text NOT NULL,
	`chunk` integer NOT NULL,
	`records_json` text NOT NULL,
	PRIMARY KEY(`change_id`, `chunk`)
);
--> statement-breakpoint
CREATE TABLE `sd_changes` (
	`id` text PRIMARY KEY NOT NULL,
	`table_id` text NOT NULL,
	`action` text NOT NULL,
	`records` integer NOT NULL,
	`by` text NOT NULL,
	`at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`undone_at` integer
);
--> statement-breakpoint
CREATE INDEX `sd_changes_expiry` ON `sd_changes` (`expires_at`);--> statement-breakpoint
CREATE TABLE `sd_history` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`table_id` text NOT NULL,
	`row_id` integer NOT NULL,
	`action` text NOT NULL,
	`before_json` text,
	`after_json` text,
	`by` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sd_history_row` ON `sd_history` (`table_id`,`row_id`,`seq`);--> statement-breakpoint
CREATE TABLE `sd_tables` (
	`id` text PRIMARY KEY NOT NULL,
	`description` text NOT NULL,
	`columns_json` text NOT NULL,
	`constraints_json` text NOT NULL,
	`searched_json` text NOT NULL,
	`history` integer NOT NULL,
	`data_version` integer NOT NULL,
	`updated_by` text NOT NULL,
	`updated_at` integer NOT NULL,
	`dropped_at` integer,
	`purge_at` integer
);
--> statement-breakpoint
CREATE TABLE `sd_writer` (
	`id` integer PRIMARY KEY NOT NULL,
	`username` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sd_life` (
	`id` integer PRIMARY KEY NOT NULL,
	`team` text NOT NULL,
	`incarnation` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sd_outbox` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`told_json` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sd_relations` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`name` text,
	`key` text,
	`sources_json` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sd_relations_key_unique` ON `sd_relations` (`key`);