// The fixture's tools that answer in one go. Runs at the edge.
import {
  type CallToolResult,
  fromJsonSchema,
  type JsonSchemaType,
  type McpServer,
  type ServerContext,
  type ServerEvent,
} from "@modelcontextprotocol/server";

/** One transparent pixel. */
export const tinyPng =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/** A wave file without samples. */
const tinyWav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

const pauseMs = 50;

type Answer = (context: ServerContext) => CallToolResult | Promise<CallToolResult>;

export function textResult(text: string): CallToolResult {
  return { content: [{ type: "text", text }] };
}

/** Registers the tools; the two trigger tools say through `publish` that a list has changed. */
export function registerPlainTools(server: McpServer, publish: (event: ServerEvent) => Promise<void>): void {
  const tools: Record<string, Answer> = {
    ...contentTools,
    test_tool_with_logging: logThreeTimes,
    test_logging_tool: logThreeTimes,
    test_tool_with_progress: reportProgress,
    test_reconnection: () => textResult("Answered in one stream."),
    test_error_handling: () => {
      throw new Error("This tool intentionally returns an error for testing");
    },
    test_trigger_tool_change: async () => {
      await publish({ kind: "tools_list_changed" });
      return textResult("The tool list has changed.");
    },
    test_trigger_prompt_change: async () => {
      await publish({ kind: "prompts_list_changed" });
      return textResult("The prompt list has changed.");
    },
  };
  for (const [name, answer] of Object.entries(tools))
    server.registerTool(name, { description: `Fixture: ${name}.` }, answer);
  for (const [name, schema] of Object.entries(schemaTools)) {
    const config = { description: `Fixture: ${name}.`, inputSchema: fromJsonSchema(schema) };
    server.registerTool(name, config, (args) => textResult(JSON.stringify(args)));
  }
}

const contentTools: Record<string, Answer> = {
  test_simple_text: () => textResult("This is a simple text response for testing."),
  test_image_content: () => ({ content: [{ type: "image", data: tinyPng, mimeType: "image/png" }] }),
  test_audio_content: () => ({ content: [{ type: "audio", data: tinyWav, mimeType: "audio/wav" }] }),
  test_embedded_resource: () => ({
    content: [
      {
        type: "resource",
        resource: {
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content.",
        },
      },
    ],
  }),
  test_multiple_content_types: () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      { type: "image", data: tinyPng, mimeType: "image/png" },
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }),
};

async function logThreeTimes({ mcpReq }: ServerContext): Promise<CallToolResult> {
  await mcpReq.log("info", "Tool execution started");
  await pause();
  await mcpReq.log("info", "Tool processing data");
  await pause();
  await mcpReq.log("info", "Tool execution completed");
  return textResult("Logged three times.");
}

async function reportProgress({ mcpReq }: ServerContext): Promise<CallToolResult> {
  const progressToken = mcpReq._meta?.progressToken;
  for (const progress of [0, 50, 100]) {
    if (progress > 0) await pause();
    if (progressToken === undefined) continue;
    await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
  }
  return textResult("Done.");
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pauseMs));
}

const schemaTools: Record<string, JsonSchemaType> = {
  test_x_mcp_header: {
    type: "object",
    properties: { region: { type: "string", "x-mcp-header": "Region" } as JsonSchemaType },
  },
  json_schema_2020_12_tool: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: {
      address: {
        $anchor: "addressDef",
        type: "object",
        properties: { street: { type: "string" }, city: { type: "string" } },
      },
    },
    properties: {
      name: { type: "string" },
      address: { $ref: "#/$defs/address" },
      contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" },
      email: { type: "string" },
    },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false,
  },
};
