// A webhook's fields, for a new one and for one that changes. Runs at the edge.
import { noticeKinds, type Webhook, webhookFormats } from "../../../features/notifications/schema.ts";
import { notificationLimits } from "../../../workflow-limits.ts";
import { given, textField } from "../actions.ts";
import { Check, Field, Form, Problem } from "../forms.tsx";
import type { Attempt } from "../routes.ts";
import { noticeLabels } from "./notice-labels.ts";

/** Its action is `create` or `change`. */
export function WebhookForm({ webhook, attempt }: { webhook?: Webhook; attempt?: Attempt | undefined }) {
  const prefix = webhook === undefined ? "new" : `hook-${webhook.name}`;
  const isNew = webhook === undefined;
  const shared = { prefix, attempt };
  return (
    <>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action={isNew ? "create" : "change"}>
        {isNew ? (
          <Field
            {...shared}
            name="name"
            label="Name"
            required
            maxlength={60}
            hint="a-z, 0-9, - and _, beginning with a letter or digit"
          />
        ) : (
          <input type="hidden" name="name" value={webhook.name} />
        )}
        <Field
          {...shared}
          name="url"
          label="Posts to"
          type="url"
          required={isNew}
          maxlength={notificationLimits.urlChars}
          hint={
            isNew
              ? "https, on the public internet"
              : `Empty: it stays ${webhook.url}, whose rest is not shown since it may hold a token.`
          }
        />
        <Field {...shared} name="format" label="Format" value={webhook?.format ?? "json"} options={formats} />
        <fieldset>
          <legend>Told of (none ticked: of everything)</legend>
          <div class="check-grid">
            {noticeKinds.map((kind) => (
              <Check
                {...shared}
                name="kinds"
                value={kind}
                checked={webhook?.kinds?.includes(kind) ?? false}
                label={noticeLabels[kind]}
              />
            ))}
          </div>
        </fieldset>
        <Check
          {...shared}
          name="is_active"
          checked={webhook?.is_active ?? true}
          label="On. Off: nothing is sent, and what waits is cancelled."
        />
        <button type="submit">{isNew ? "Save the webhook" : "Save"}</button>
      </Form>
    </>
  );
}

const formatLabels = {
  json: "JSON, for your own receiver",
  slack: "Slack",
  teams: "Microsoft Teams",
  discord: "Discord",
};
const formats = webhookFormats.map((format) => ({ value: format, label: formatLabels[format] }));

/** What save_webhook is given of it. */
export function readWebhookForm(form: URLSearchParams): Record<string, unknown> {
  const kinds = form.getAll("kinds");
  return given({
    name: textField(form, "name"),
    url: textField(form, "url"),
    format: textField(form, "format"),
    kinds: kinds.length === 0 ? null : kinds,
    is_active: form.get("is_active") === "yes",
  });
}
