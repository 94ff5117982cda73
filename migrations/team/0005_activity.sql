CREATE TABLE `activity_calls` (
	`start` integer NOT NULL,
	`tool` text NOT NULL,
	`outcome` text NOT NULL,
	`calls` integer NOT NULL,
	`total_ms` integer NOT NULL,
	`max_ms` integer NOT NULL,
	`b0` integer NOT NULL,
	`b1` integer NOT NULL,
	`b2` integer NOT NULL,
	`b3` integer NOT NULL,
	`b4` integer NOT NULL,
	`b5` integer NOT NULL,
	`b6` integer NOT NULL,
	`b7` integer NOT NULL,
	`b8` integer NOT NULL,
	`b9` integer NOT NULL,
	`b10` integer NOT NULL,
	`b11` integer NOT NULL,
	`b12` integer NOT NULL,
	`b13` integer NOT NULL,
	`b14` integer NOT NULL,
	PRIMARY KEY(`start`, `tool`, `outcome`)
);
--> statement-breakpoint
CREATE TABLE `activity_samples` (
	`at` integer PRIMARY KEY NOT NULL,
	`team_bytes` integer NOT NULL,
	`workspace_bytes` integer,
	`frame_bytes` integer,
	`dataset_bytes` integer NOT NULL,
	`backup_bytes` integer NOT NULL,
	`upload_bytes` integer NOT NULL,
	`deliveries_waiting` integer NOT NULL,
	`deliveries_dead` integer NOT NULL,
	`deletions_waiting` integer NOT NULL,
	`backups_waiting` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `activity_users` (
	`start` integer NOT NULL,
	`username` text NOT NULL,
	`tool` text NOT NULL,
	`calls` integer NOT NULL,
	`errors` integer NOT NULL,
	PRIMARY KEY(`start`, `username`, `tool`)
);
