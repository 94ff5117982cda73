// One server for all whole-system tests that do not need their own. Vitest calls this before and after the run.
import type { TestProject } from "vitest/node";
import { startServer } from "./server.ts";

declare module "vitest" {
  interface ProvidedContext {
    server: { url: string; origin: string; team: string; token: string; persist: string };
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stop, stderr: _, ...server } = await startServer();
  project.provide("server", server);
  return async () => {
    await stop();
  };
}
