// Opens an address in the person's browser, without a shell. Runs under Node.
import { spawn } from "node:child_process";

/** True when something was started that opens addresses. SUPER_DATA_BROWSER names a program of one's own, which gets the address alone. */
export function openBrowser(address: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const [command, ...args] = opener(env);
  if (command === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(command, [...args, address], { stdio: "ignore", detached: true, shell: false });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

function opener(env: NodeJS.ProcessEnv): string[] {
  if (env.SUPER_DATA_BROWSER !== undefined && env.SUPER_DATA_BROWSER !== "") return [env.SUPER_DATA_BROWSER];
  if (process.platform === "darwin") return ["open"];
  // Not `start`, which is cmd's: it would read & in the address.
  if (process.platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return (env.DISPLAY ?? env.WAYLAND_DISPLAY ?? "") === "" ? [] : ["xdg-open"];
}
