// Passkeys, by the virtual authenticator of Chromium: joining, signing in, adding, cancelling.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { checkAccessible, launchBrowser, newDevice, startServer } from "./harness.mjs";
import { SIGN_IN_AGAIN, refuseOnce, says, titled } from "./screen.mjs";

const PASSWORD = "a wind from the north-east";
const ANA = { name: "Ana Lima", email: "ana@example.org" };

/** Where pictures of the screens go, if anybody wants them. */
const PICTURES = process.env.OFFICE_PICTURES;

/** Takes a picture of a screen, wide and narrow. */
async function picture(page, name) {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`), fullPage: true });
  }
}

/**
 * A server with accounts, a device with an authenticator that keeps passkeys, and the link for the
 * first coordinator. Passkeys are for names, so the device goes to `localhost`.
 */
async function invited(t, host = "localhost") {
  const server = await startServer(t, { demo: true, open: false });
  const browser = await launchBrowser(t);
  const baseURL = `http://${host}:${server.port}`;
  const device = await newDevice(t, browser, server, { baseURL });
  const page = await device.context.newPage();
  const authenticator = await Authenticator.of(page);
  await page.goto(server.invitation.slice(server.invitation.indexOf("/#")));
  return { server, device, page, authenticator };
}

/** What holds passkeys in this tab, and whether the person lets it be used. */
class Authenticator {
  #session;
  #id;

  static async of(page) {
    const session = await page.context().newCDPSession(page);
    await session.send("WebAuthn.enable");
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    const made = new Authenticator();
    made.#session = session;
    made.#id = authenticatorId;
    return made;
  }

  /** Whether the person shows who they are when asked. */
  async verifies(isUserVerified) {
    await this.#session.send("WebAuthn.setUserVerified", {
      authenticatorId: this.#id,
      isUserVerified,
    });
  }

  /** How many passkeys there are. */
  async count() {
    const { credentials } = await this.#session.send("WebAuthn.getCredentials", {
      authenticatorId: this.#id,
    });
    return credentials.length;
  }
}

/** Errors of a device, but for what the browser notes of answers that refuse. */
function unexpected(device) {
  return device.errors.filter((error) => !/the server responded with a status of 40[139]/.test(error));
}

async function fillJoin(page, { name, email }) {
  await titled(page, "Join");
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail address").fill(email);
}

/** Signs out in the header. */
async function signOut(page, { name }) {
  await page.getByRole("banner").getByRole("button", { name }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
}

/** Opens the screen of passkeys in administration. */
async function toPasskeys(page) {
  await page.goto("/office.html#passkeys");
  await titled(page, "Your passkeys");
}

test("the first coordinator joins with a passkey, signs out, and signs in with it", async (t) => {
  const { device, page, authenticator } = await invited(t);
  await fillJoin(page, ANA);
  await checkAccessible(page);
  await picture(page, "passkey-join");
  await page.getByRole("button", { name: "Use a passkey instead of a password" }).click();
  await says(page, "On the server");
  assert.equal(await authenticator.count(), 1);
  await signOut(page, ANA);
  await titled(page, "Sign in");
  // By keyboard alone.
  await page.getByRole("button", { name: "Use a passkey" }).press("Enter");
  await page.getByRole("banner").getByRole("button", { name: ANA.name }).waitFor();
  await says(page, "On the server");
  // The only way in cannot be removed.
  await toPasskeys(page);
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("This is your only way to sign in").waitFor();
  assert.deepEqual(unexpected(device), []);
});

test("a member with a password adds a passkey, names it, signs in with it, and removes it", async (t) => {
  const { device, page, authenticator } = await invited(t);
  await fillJoin(page, ANA);
  await page.getByLabel("Choose a password").fill(PASSWORD);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await says(page, "On the server");
  await toPasskeys(page);
  await page.getByText("No passkeys").waitFor();
  await page.getByLabel("Name of the passkey").fill("Blue key");
  await page.getByLabel("Current password").fill("not my password");
  await page.getByRole("button", { name: "Add passkey" }).click();
  await page.getByText("The password is not right").waitFor();
  assert.equal(await authenticator.count(), 0);
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByRole("button", { name: "Add passkey" }).click();
  const row = page.getByRole("main").getByRole("listitem").filter({ hasText: "Blue key" });
  await row.waitFor();
  await checkAccessible(page);
  await picture(page, "passkey-office");
  await row.locator("summary").click();
  await row.getByLabel("Name of the passkey").fill("Green key");
  await row.getByRole("button", { name: "Save" }).click();
  const renamed = page.getByRole("main").getByRole("listitem").filter({ hasText: "Green key" });
  await renamed.waitFor();
  // The same device does not get a second one for her.
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByRole("button", { name: "Add passkey" }).click();
  await page.getByText("There is a passkey for you on this device already").waitFor();

  await signOut(page, ANA);
  await titled(page, "Sign in");
  await checkAccessible(page);
  await picture(page, "passkey-office-sign-in");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await renamed.waitFor();
  await renamed.getByText("last used").waitFor();
  await refuseOnce(page, "DELETE", "**/api/passkeys/*");
  await renamed.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText(SIGN_IN_AGAIN).waitFor();
  await renamed.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("No passkeys").waitFor();
  await signOut(page, ANA);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.getByText("This passkey is not accepted").waitFor();
  assert.deepEqual(unexpected(device), []);
});

test("who cancels is told so, and goes on as they like", async (t) => {
  const { device, page, authenticator } = await invited(t);
  await authenticator.verifies(false);
  await fillJoin(page, ANA);
  await page.getByRole("button", { name: "Use a passkey instead of a password" }).click();
  await page.getByRole("alert").getByText("No passkey was used").waitFor();
  await picture(page, "passkey-cancelled");
  assert.equal(await authenticator.count(), 0);
  // The form is as it was; the other way works.
  assert.equal(await page.getByLabel("Your name").inputValue(), ANA.name);
  await page.getByLabel("Choose a password").fill(PASSWORD);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await says(page, "On the server");
  assert.deepEqual(unexpected(device), []);
});

test("where the server is reached by a number, the screen says that passkeys need a name", async (t) => {
  const { page } = await invited(t, "127.0.0.1");
  await fillJoin(page, ANA);
  await page.getByRole("button", { name: "Use a passkey instead of a password" }).click();
  await page.getByRole("alert").getByText("Passkeys need an address with a name").waitFor();
});
