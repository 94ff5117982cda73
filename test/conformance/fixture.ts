// What the official suite expects a server to have: 28 tools, 4 resources, 5 prompts, by the names it calls. Runs at the edge.
import { type McpServer, ResourceTemplate, type ServerEvent } from "@modelcontextprotocol/server";
import * as z from "zod";
import { newServer, type ServerRequest } from "../../src/surfaces/mcp/handler.ts";
import { fixtureStateKey, registerInputPrompt, registerInputTools } from "./fixture-input.ts";
import { registerPlainTools, tinyPng } from "./fixture-tools.ts";

/** One server of the fixture; `publish` stands for a change made by someone. */
export function fixtureServer({ era }: ServerRequest, publish: (event: ServerEvent) => Promise<void>): McpServer {
  const server = newServer(
    { name: "super-data-conformance", version: "0.1.0" },
    {
      requestStateKey: fixtureStateKey,
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      },
    },
  );
  registerPlainTools(server, publish);
  registerInputTools(server);
  registerResources(server);
  registerPrompts(server);
  registerInputPrompt(server);
  server.server.setRequestHandler("completion/complete", () => ({
    completion: { values: [], total: 0, hasMore: false },
  }));
  if (era === "legacy") {
    server.server.setRequestHandler("resources/subscribe", () => ({}));
    server.server.setRequestHandler("resources/unsubscribe", () => ({}));
  }
  return server;
}

function registerResources(server: McpServer): void {
  const text = { mimeType: "text/plain", description: "A resource whose text never changes." };
  server.registerResource("static-text", "test://static-text", text, (uri) => ({
    contents: [{ uri: uri.href, mimeType: "text/plain", text: "This is the content of the static text resource." }],
  }));
  const binary = { mimeType: "image/png", description: "A resource of bytes." };
  server.registerResource("static-binary", "test://static-binary", binary, (uri) => ({
    contents: [{ uri: uri.href, mimeType: "image/png", blob: tinyPng }],
  }));
  const watched = { mimeType: "text/plain", description: "A resource to subscribe to." };
  server.registerResource("watched-resource", "test://watched-resource", watched, (uri) => ({
    contents: [{ uri: uri.href, mimeType: "text/plain", text: "Watched." }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  const templated = { mimeType: "application/json", description: "Data by id." };
  server.registerResource("template", template, templated, (uri, { id }) => ({
    contents: [
      {
        uri: uri.href,
        mimeType: "application/json",
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }));
}

function registerPrompts(server: McpServer): void {
  const user = "user" as const;
  server.registerPrompt("test_simple_prompt", { description: "A prompt without arguments." }, () => ({
    messages: [{ role: user, content: { type: "text", text: "This is a simple prompt for testing." } }],
  }));
  const twoArguments = z.object({ arg1: z.string(), arg2: z.string() });
  server.registerPrompt(
    "test_prompt_with_arguments",
    { description: "A prompt of two arguments.", argsSchema: twoArguments },
    (args) => ({
      messages: [
        {
          role: user,
          content: { type: "text", text: `Prompt with arguments: arg1='${args.arg1}', arg2='${args.arg2}'` },
        },
      ],
    }),
  );
  const embedding = {
    description: "A prompt that embeds a resource.",
    argsSchema: z.object({ resourceUri: z.string() }),
  };
  server.registerPrompt("test_prompt_with_embedded_resource", embedding, ({ resourceUri }) => ({
    messages: [
      {
        role: user,
        content: {
          type: "resource",
          resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." },
        },
      },
      { role: user, content: { type: "text", text: "Please process the embedded resource above." } },
    ],
  }));
  server.registerPrompt("test_prompt_with_image", { description: "A prompt with an image." }, () => ({
    messages: [
      { role: user, content: { type: "image", data: tinyPng, mimeType: "image/png" } },
      { role: user, content: { type: "text", text: "Please analyze the image above." } },
    ],
  }));
}
