// What one is told of, and by which way: one's own settings. Runs at the edge.
import { emailModes, noticeKinds, type SettingsAnswer } from "../../../features/notifications/schema.ts";
import { type Action, given, textField, useTool } from "../actions.ts";
import { Check, Field, Form, Problem } from "../forms.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { noticeLabels } from "./notice-labels.ts";
import { settingsPage } from "./tabs.tsx";

export async function notificationsPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const settings = await call.stub.notifications().settings(call.actor.userId);
  return settingsPage(c, {
    tab: "notifications",
    title: "Notifications",
    intro: "What you are told of in this team. Others choose for themselves.",
    attempt,
    ownProblems: ["choose"],
    done: { saved: "Saved. It holds for what happens from now on." },
    tools: (
      <a class="button quiet" href={`/t/${call.team}/activity/notifications`}>
        Your notifications
      </a>
    ),
    children: <ChoiceCard settings={settings} attempt={attempt} />,
  });
}

function ChoiceCard({ settings, attempt }: { settings: SettingsAnswer; attempt: Attempt | undefined }) {
  const { muted, email, email_address: address, email_available: isSent } = settings;
  return (
    <section class="card" aria-labelledby="choice-title">
      <h2 id="choice-title">What reaches you</h2>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="choose">
        <fieldset>
          <legend>Tell me when</legend>
          <div class="check-grid">
            {noticeKinds.map((kind) => (
              <Check
                name="kind"
                prefix="notice"
                value={kind}
                checked={!muted.includes(kind)}
                attempt={attempt}
                label={noticeLabels[kind]}
              />
            ))}
          </div>
        </fieldset>
        <Field
          name="email"
          label="E-mail"
          value={email}
          attempt={attempt}
          options={emailModes.map((mode) => ({ value: mode, label: modeLabels[mode] }))}
          hint={
            isSent
              ? address === null
                ? "No address of yours is known here, so none is sent: sign in with a provider that verifies one."
                : `Sent to ${address}.`
              : "This deployment sends no e-mail."
          }
        />
        <button type="submit">Save</button>
      </Form>
    </section>
  );
}

const modeLabels: Record<(typeof emailModes)[number], string> = {
  off: "None",
  immediate: "One for each",
  daily: "A daily digest of what is unread",
};

export const notificationActions: Readonly<Record<string, Action>> = {
  choose: async (call, form) => {
    const wanted = form.getAll("kind");
    const muted = noticeKinds.filter((kind) => !wanted.includes(kind));
    await useTool(call, "set_notification_settings", given({ muted, email: textField(form, "email") }), form);
    return { done: "saved" };
  },
};
