CREATE TABLE `dead_letters` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`body_json` text NOT NULL,
	`type` text NOT NULL,
	`team` text,
	`sent_at` integer NOT NULL,
	`stored_at` integer NOT NULL,
	`replayed_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `dead_letters_id_unique` ON `dead_letters` (`id`);--> statement-breakpoint
CREATE INDEX `dead_letters_stored` ON `dead_letters` (`stored_at`);