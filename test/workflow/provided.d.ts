// What vitest.config.ts hands to the proof. Types only.
import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** JSON with seed, steps and runs; empty: the short run. */
    workflowProof: string;
  }
}
