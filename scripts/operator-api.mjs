// Requests to a deployment, as its operator or as one of a team. Runs under Node.

/** A request that was refused or never arrived; `message` says which, `next` what to do. */
export class RequestError extends Error {
  constructor(message, { status, code, next } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.next = next;
  }
}

const timeoutMs = 30_000;

/** Asks `path` of the deployment. Returns the response whatever its status; throws RequestError when there is none. */
export async function ask(origin, path, init = {}) {
  try {
    return await fetch(`${origin}${path}`, { redirect: "manual", signal: AbortSignal.timeout(timeoutMs), ...init });
  } catch (error) {
    const why = error.name === "TimeoutError" ? `it did not answer within ${timeoutMs / 1000} s` : reason(error);
    throw new RequestError(`${origin} cannot be reached: ${why}.`, {
      next: "Check the address. A workers.dev name or a domain that is new takes some minutes to be known everywhere.",
    });
  }
}

const reason = (error) => error.cause?.code ?? error.cause?.message ?? error.message;

/** Asks for JSON with a bearer token; throws RequestError with the server's own words when it is refused. */
export async function askJson(origin, method, path, { token, body, headers } = {}) {
  const response = await ask(origin, path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(typeof body === "object" ? { "content-type": "application/json" } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "object" ? JSON.stringify(body) : body }),
  });
  const text = await response.text();
  let value;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new RequestError(
      `${method} ${path} was answered with ${response.status} and no JSON: this is not Super Data.`,
      {
        status: response.status,
        next: "Check the address: it is the deployment's origin, without a path.",
      },
    );
  }
  if (response.ok) return value;
  const said = [value.detail ?? value.title, value.hint].filter(Boolean).join(" ");
  throw new RequestError(`${method} ${path} was answered with ${response.status}: ${said || "no reason given"}`, {
    status: response.status,
    code: value.code,
  });
}

/** Makes the team unless it is there. */
export function ensureTeam(origin, operatorToken, team, name) {
  return askJson(origin, "PUT", `/operator/teams/${team}`, { token: operatorToken, body: { name } });
}

/** A link that makes its first visitor an owner of the team: `{ url, expires_at }`. */
export function makeOwnerLink(origin, operatorToken, team) {
  return askJson(origin, "POST", `/operator/teams/${team}/invitations`, {
    token: operatorToken,
    body: { role: "owner", sign_in: true },
  });
}
