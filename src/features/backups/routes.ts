// Backups over REST. Mounted at /t/:team/api/v1/backups. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { guarded } from "../access/access.ts";
import { createBackup, deleteBackup } from "./calls.ts";
import { restoreBackup } from "./restoring.ts";
import { backupIdSchema, createBackupSchema, restoreBackupSchema } from "./schema.ts";

const manages = guarded("backups:manage");
const idSchema = z.object({ backup_id: backupIdSchema });
const confirmSchema = restoreBackupSchema.omit({ backup_id: true }).strict();

export const backupRoutes = new Hono<TeamRoutes>()
  .get("/", manages, async (c) => c.json(await c.get("call").stub.backups().list()))
  .post("/", manages, async (c) => {
    parseWith(createBackupSchema.strict(), await jsonBody(c.req.raw), "backup");
    return c.json(await createBackup(c.get("call")), 201);
  })
  .post("/:id/restore", manages, async (c) => {
    const { backup_id } = parseWith(idSchema, { backup_id: c.req.param("id") }, "backup");
    const { confirm } = parseWith(confirmSchema, await jsonBody(c.req.raw), "restore");
    return c.json(await restoreBackup(c.get("call"), { backup_id, confirm }), 200, { "cache-control": "no-store" });
  })
  .delete("/:id", manages, async (c) => {
    const { backup_id } = parseWith(idSchema, { backup_id: c.req.param("id") }, "backup");
    return c.json(await deleteBackup(c.get("call"), backup_id));
  });
