// Types of verify-webhook.mjs, which is written as a receiver would write it.
export function isOurs(secret: string, header: string | undefined, body: string, nowSeconds?: number): boolean;
