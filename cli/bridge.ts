// MCP over standard input and output on one side, over HTTP on the other: messages go through as they are, for either era of clients. Runs under Node.
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type StreamableHTTPClientTransport,
  serializeMessage,
} from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { CliError } from "./core/errors.ts";
import { isRecord, textOf } from "./core/json.ts";

/** JSON-RPC's code for errors of the server's own choice. */
const bridgeErrorCode = -32_000;
const versionKey = "io.modelcontextprotocol/protocolVersion";
const settlePollMs = 20;
const settleMostMs = 10_000;

type Id = string | number;

export interface BridgeDeps {
  http: StreamableHTTPClientTransport;
  log: (text: string) => void;
  /** Any error of the way to the server in our words. */
  explain: (error: unknown) => CliError;
}

/** Carries messages both ways until the client closes its side. */
export async function runBridge(deps: BridgeDeps): Promise<void> {
  const { http, log, explain } = deps;
  const client = new StdioServerTransport();
  const bridge = new Bridge(deps);
  http.onmessage = (message) => bridge.fromServer(message);
  http.onerror = (error) => log(`super-data: ${explain(error).message}`);
  client.onmessage = (message) => bridge.fromClient(message);
  client.onerror = (error) => log(`super-data: standard input: ${error.message}`);
  await http.start();
  const closed = new Promise<void>((resolve) => {
    client.onclose = resolve;
    process.stdin.once("end", resolve);
    process.stdin.once("close", resolve);
  });
  await client.start();
  await closed;
  await bridge.settled();
  http.onerror = () => undefined;
  await http.close();
  await client.close();
}

class Bridge {
  readonly #deps: BridgeDeps;
  /** Requests that wait for their answers. */
  readonly #running = new Map<Id, AbortController>();
  readonly #handshakes = new Set<Id>();

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
  }

  fromServer(message: JSONRPCMessage): void {
    if (!("method" in message) && message.id !== undefined) {
      this.#running.delete(message.id);
      if (this.#handshakes.delete(message.id)) this.#noteRevision(message);
    }
    write(message);
  }

  fromClient(message: JSONRPCMessage): void {
    if (isJSONRPCRequest(message)) {
      this.#ask(message);
      return;
    }
    if (this.#cancel(message) && isModern(message)) return;
    this.#deps.http.send(message).catch(() => undefined);
  }

  /** A client that writes its requests and leaves, as a script in a pipe does, still gets the answers. */
  async settled(): Promise<void> {
    for (let waited = 0; this.#running.size > 0 && waited < settleMostMs; waited += settlePollMs) {
      await new Promise((resolve) => setTimeout(resolve, settlePollMs));
    }
  }

  #ask(request: JSONRPCRequest): void {
    const { id } = request;
    const abort = new AbortController();
    this.#running.set(id, abort);
    if (request.method === "initialize") this.#handshakes.add(id);
    const { http, explain } = this.#deps;
    const onRequestStreamEnd = (): void => this.#fail(id, streamEnded());
    http
      .send(request, { requestSignal: abort.signal, onRequestStreamEnd })
      .catch((error: unknown) => this.#fail(id, explain(error)));
  }

  /** Over HTTP a request is cancelled by ending its stream; nobody waits for its answer any more. False: the message cancels nothing. */
  #cancel(message: JSONRPCMessage): boolean {
    if (!isJSONRPCNotification(message) || message.method !== "notifications/cancelled") return false;
    const id = message.params?.requestId;
    if (typeof id !== "string" && typeof id !== "number") return false;
    const abort = this.#running.get(id);
    this.#running.delete(id);
    abort?.abort();
    return true;
  }

  /** Of 2025's clients only the answer to the handshake says which revision the later requests are of. */
  #noteRevision(message: JSONRPCMessage): void {
    const version = isJSONRPCResultResponse(message) ? textOf(message.result, "protocolVersion") : undefined;
    if (version !== undefined) this.#deps.http.setProtocolVersion(version);
  }

  /** No request stays without an answer. */
  #fail(id: Id, { code, message, hint }: CliError): void {
    if (!this.#running.delete(id)) return;
    const text = [message, hint].filter((part) => part !== undefined).join(" ");
    write({ jsonrpc: "2.0", id, error: { code: bridgeErrorCode, message: text, data: { code } } });
  }
}

const streamEnded = (): CliError =>
  new CliError("unreachable", "The server ended the stream without an answer.", { hint: "Ask again." });

/** Not by the transport: it is closed once the input has ended, and answers may still come. */
function write(message: JSONRPCMessage): void {
  process.stdout.write(serializeMessage(message));
}

function isModern(message: JSONRPCMessage): boolean {
  const meta = "params" in message && isRecord(message.params) ? message.params._meta : undefined;
  return isRecord(meta) && typeof meta[versionKey] === "string";
}
