// The fixture's tools and prompt that need something from the client first. A 2025 client without a session is refused at once. Runs at the edge.
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  fromJsonSchema,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { textResult } from "./fixture-tools.ts";

// Known to every isolate, as the product's would be. It protects nothing but the suite's own round trips.
export const fixtureStateKey = "conformance-fixture-state-key-0123456789";

type Ask = (
  context: ServerContext,
) => CallToolResult | InputRequiredResult | Promise<CallToolResult | InputRequiredResult>;
type ElicitSchema = Parameters<typeof inputRequired.elicit>[0]["requestedSchema"];

function oneField(name: string, type: "string" | "boolean"): ElicitSchema {
  return { type: "object", properties: { [name]: { type } }, required: [name] } as ElicitSchema;
}

function elicit(message: string, requestedSchema: ElicitSchema) {
  return inputRequired.elicit({ message, requestedSchema });
}

function sample(text: string, maxTokens: number) {
  return inputRequired.createMessage({ messages: [{ role: "user", content: { type: "text", text } }], maxTokens });
}

const askName = elicit("What is your name?", oneField("name", "string"));

/** Asks once for all of `requests`; answers when every one of them came back. */
function once(requests: InputRequests, answer: (context: ServerContext) => CallToolResult): Ask {
  return (context) => {
    const missing = Object.keys(requests).some(
      (key) => inputResponse(context.mcpReq.inputResponses, key).kind === "missing",
    );
    return missing ? inputRequired({ inputRequests: requests }) : answer(context);
  };
}

function greet({ mcpReq }: ServerContext): CallToolResult | undefined {
  const name = acceptedContent(mcpReq.inputResponses, "user_name")?.name;
  return typeof name === "string" ? textResult(`Hello, ${name}!`) : undefined;
}

const askOk = { confirm: elicit("Please confirm", oneField("ok", "boolean")) };
const askThree: InputRequests = {
  user_name: askName,
  greeting: sample("Generate a greeting", 50),
  client_roots: inputRequired.listRoots(),
};

function asksByCapability({ mcpReq }: ServerContext): CallToolResult | InputRequiredResult {
  const envelope: Record<string, unknown> = { ...mcpReq.envelope };
  const declared = envelope[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined;
  const requests: InputRequests = {
    ...(declared?.elicitation === undefined ? {} : { user_name: askName }),
    ...(declared?.sampling === undefined ? {} : { capital_question: sample("What is the capital of France?", 100) }),
    ...(declared?.roots === undefined ? {} : { client_roots: inputRequired.listRoots() }),
  };
  return Object.keys(requests).length === 0
    ? textResult("Nothing can be asked.")
    : inputRequired({ inputRequests: requests });
}

/** Registers every tool of multi-round calls. */
export function registerInputTools(server: McpServer): void {
  const codec = createRequestStateCodec({ key: fixtureStateKey });
  const withState =
    (requests: InputRequests, answer: (state: unknown) => CallToolResult): Ask =>
    async ({ mcpReq }) => {
      const state = mcpReq.requestState();
      if (state !== undefined) return answer(state);
      return inputRequired({ inputRequests: requests, requestState: await codec.mint({ round: 1 }) });
    };
  const multiRound: Ask = async ({ mcpReq }) => {
    const round = mcpReq.requestState<{ round: number }>()?.round ?? 0;
    if (round >= 2) return textResult("All steps are done.");
    const requests =
      round === 0
        ? { step1: elicit("Step 1: What is your name?", oneField("name", "string")) }
        : { step2: elicit("Step 2: What is your favorite color?", oneField("color", "string")) };
    return inputRequired({ inputRequests: requests, requestState: await codec.mint({ round: round + 1 }) });
  };
  const tools: Record<string, Ask> = {
    test_missing_capability: once({ capital_question: sample("Anything", 10) }, () => textResult("Sampled.")),
    test_streaming_elicitation: once({ user_name: askName }, () => textResult("Answered.")),
    test_input_required_result_elicitation: (context) =>
      greet(context) ?? inputRequired({ inputRequests: { user_name: askName } }),
    test_input_required_result_sampling: once(
      { capital_question: sample("What is the capital of France?", 100) },
      ({ mcpReq }) => textResult(JSON.stringify(inputResponse(mcpReq.inputResponses, "capital_question"))),
    ),
    test_input_required_result_list_roots: once({ client_roots: inputRequired.listRoots() }, ({ mcpReq }) =>
      textResult(JSON.stringify(inputResponse(mcpReq.inputResponses, "client_roots"))),
    ),
    test_input_required_result_request_state: withState(askOk, () => textResult("state-ok")),
    test_input_required_result_tampered_state: withState(askOk, () => textResult("state-ok")),
    test_input_required_result_multiple_inputs: withState(askThree, () => textResult("All three came back.")),
    test_input_required_result_multi_round: multiRound,
    test_input_required_result_capabilities: asksByCapability,
  };
  for (const [name, ask] of Object.entries(tools)) server.registerTool(name, { description: `Fixture: ${name}.` }, ask);
  registerPushedTools(server);
}

/** What a 2025 server pushes to its client. Without a session there is nowhere to push, so these end as errors, at once. */
function registerPushedTools(server: McpServer): void {
  const stringArgument = (name: string) =>
    fromJsonSchema<Record<string, string>>({
      type: "object",
      properties: { [name]: { type: "string" } },
      required: [name],
    });
  const told = ({ mcpReq }: ServerContext): CallToolResult =>
    textResult(`User response: ${JSON.stringify(inputResponse(mcpReq.inputResponses, "answer"))}`);
  server.registerTool(
    "test_sampling",
    { description: "Fixture: asks the client's model.", inputSchema: stringArgument("prompt") },
    (args, context) => once({ answer: sample(args.prompt ?? "", 100) }, told)(context),
  );
  server.registerTool(
    "test_elicitation",
    { description: "Fixture: asks the user.", inputSchema: stringArgument("message") },
    (args, context) => once({ answer: elicit(args.message ?? "", userSchema) }, told)(context),
  );
  for (const [name, schema] of Object.entries({
    test_elicitation_sep1034_defaults: defaultsSchema,
    test_elicitation_sep1330_enums: enumsSchema,
  })) {
    const ask = once({ answer: elicit("Please fill in", schema) }, told);
    server.registerTool(name, { description: `Fixture: ${name}.` }, ask);
  }
}

/** Registers the prompt that asks before it answers. */
export function registerInputPrompt(server: McpServer): void {
  const question = elicit("What context should the prompt use?", oneField("context", "string"));
  server.registerPrompt(
    "test_input_required_result_prompt",
    { description: "Fixture: a prompt that asks first." },
    ({ mcpReq }) => {
      const context = acceptedContent(mcpReq.inputResponses, "user_context")?.context;
      if (typeof context !== "string") return inputRequired({ inputRequests: { user_context: question } });
      return {
        messages: [{ role: "user" as const, content: { type: "text" as const, text: `Use this context: ${context}` } }],
      };
    },
  );
}

const userSchema: ElicitSchema = {
  type: "object",
  properties: {
    username: { type: "string", description: "User's response" },
    email: { type: "string", description: "User's email address" },
  },
  required: ["username", "email"],
};

const defaultsSchema: ElicitSchema = {
  type: "object",
  properties: {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  },
};

const options = ["option1", "option2", "option3"];
const titled = [
  { const: "value1", title: "First Option" },
  { const: "value2", title: "Second Option" },
];
const enumsSchema: ElicitSchema = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: options },
    titledSingle: { type: "string", oneOf: titled },
    legacyEnum: { type: "string", enum: ["opt1", "opt2"], enumNames: ["Option One", "Option Two"] },
    untitledMulti: { type: "array", items: { type: "string", enum: options } },
    titledMulti: { type: "array", items: { anyOf: titled } },
  },
};
