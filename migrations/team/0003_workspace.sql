CREATE TABLE `workspace_log` (
	`incarnation` text PRIMARY KEY NOT NULL,
	`last_seq` integer NOT NULL
);
