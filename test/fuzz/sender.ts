// Sends requests as they are, wrong or not, over kept connections. Runs in Node.
import { Agent, type OutgoingHttpHeaders, request } from "node:http";
import type { FuzzRequest } from "./requests.ts";

export interface FuzzAnswer {
  status: number;
  type: string;
  headers: Record<string, string>;
  body: string;
  /** An event stream that was open and quiet, closed by us. */
  isStream: boolean;
}

const streamMs = 30;
const maxBodyChars = 200_000;
/** A redirect that carries a long query along. */
const maxHeaderSize = 256 * 1024;

export class Sender {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });
  readonly #origin: URL;

  constructor(origin: string) {
    this.#origin = new URL(origin);
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * The answer; undefined when Node itself refuses to send such a request. Throws when there is none within the deadline. A kept connection that
   * the server had closed meanwhile says nothing of the request: then it is sent again on one of its own.
   */
  async send(what: FuzzRequest, deadlineMs: number): Promise<FuzzAnswer | undefined> {
    try {
      return await this.#sendOn(this.#agent, what, deadlineMs);
    } catch (error) {
      if (!(error instanceof Error && /ECONNRESET|EPIPE|socket hang up/.test(`${error.message}`))) throw error;
      return this.#sendOn(new Agent({ keepAlive: false }), what, deadlineMs);
    }
  }

  #sendOn(agent: Agent, what: FuzzRequest, deadlineMs: number): Promise<FuzzAnswer | undefined> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#origin;
      const headers: OutgoingHttpHeaders = { ...what.headers };
      if (what.body !== undefined) headers["content-length"] = Buffer.byteLength(what.body);
      let sent: ReturnType<typeof request>;
      try {
        sent = request({ agent, hostname, port, method: what.method, path: what.path, headers, maxHeaderSize });
      } catch {
        resolve(undefined);
        return;
      }
      const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
      const settle = (answer: FuzzAnswer): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      sent.once("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      sent.once("response", (response) => {
        const type = response.headers["content-type"] ?? "";
        const flat = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
        const answer: FuzzAnswer = {
          status: response.statusCode ?? 0,
          type,
          headers: Object.fromEntries(flat),
          body: "",
          isStream: false,
        };
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          if (answer.body.length < maxBodyChars) answer.body += chunk;
        });
        response.once("end", () => settle(answer));
        response.once("error", () => settle(answer));
        if (!type.startsWith("text/event-stream")) return;
        // A stream that stays open is as it should be.
        setTimeout(
          () => {
            if (response.complete) return;
            answer.isStream = true;
            settle(answer);
            sent.destroy();
          },
          deadlineMs / 10 + streamMs,
        );
      });
      sent.end(what.body);
    });
  }
}
