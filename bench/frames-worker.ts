// Our Worker for bench/frames.mjs, with a count of the rows that its objects write: what storage bills. Runs in workerd.

import { WorkspaceObject as Workspace } from "../src/durable/workspace-object.ts";
import worker from "../src/worker.ts";

export { AddressObject } from "../src/durable/address-object.ts";
export { DeploymentObject } from "../src/durable/deployment-object.ts";
export { PersonObject } from "../src/durable/person-object.ts";
export { TeamObject } from "../src/durable/team-object.ts";

type Exec = SqlStorage["exec"];

/** Cursors since the last look: each knows what it wrote once it has been read. */
let cursors: { rowsWritten: number }[] = [];
let isCounting = false;

function countRows(sql: SqlStorage): void {
  if (isCounting) return;
  isCounting = true;
  const shared = Object.getPrototypeOf(sql) as { exec: Exec };
  const { exec } = shared;
  shared.exec = function (this: SqlStorage, ...args: Parameters<Exec>) {
    const cursor = exec.apply(this, args);
    cursors.push(cursor);
    return cursor;
  } as Exec;
}

export class WorkspaceObject extends Workspace {
  constructor(ctx: DurableObjectState, env: Env) {
    countRows(ctx.storage.sql);
    super(ctx, env);
  }
}

// biome-ignore lint/style/noDefaultExport: what a Worker is.
export default {
  ...worker,
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
    if (new URL(request.url).pathname !== "/bench/rows-written") return worker.fetch(request, env, ctx);
    const written = cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    cursors = [];
    return Response.json({ written });
  },
} satisfies ExportedHandler<Env>;
