// Joining and signing in at an organisation, by OpenID Connect: the browser leaves for a provider,
// which signs with RSA here, and comes back.

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";

import {
  checkAccessible,
  launchBrowser,
  newDevice,
  startServer,
  temporaryFolder,
} from "./harness.mjs";
import { signOut } from "./people.mjs";
import { SIGN_IN_AGAIN, refuseOnce, says, titled } from "./screen.mjs";

const NAME = "Union of Cities";
const CARLA = { sub: "carla", name: "Carla Rossi", email: "carla@cities.example" };

/** Where pictures of the screens go, if anybody wants them. */
const PICTURES = process.env.OPENID_PICTURES;

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A provider where Carla is signed in. `says` can make it refuse. */
class Provider {
  #keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  #codes = new Map();

  constructor() {
    /** Whether it lets people in. */
    this.letsIn = true;
  }

  async start(t) {
    const server = createServer((request, response) => this.#answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    this.issuer = `http://127.0.0.1:${server.address().port}`;
  }

  /** The file that makes a server believe it. */
  async file(t) {
    const path = join(await temporaryFolder(t), "openid.toml");
    const lines = ["[[provider]]", 'key = "cities"', `name = "${NAME}"`];
    lines.push(`issuer = "${this.issuer}"`, 'client_id = "meltemi"');
    await writeFile(path, lines.join("\n"));
    return path;
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.issuer);
    const json = (value) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(value));
    };
    if (url.pathname === "/jwks") {
      const key = this.#keys.publicKey.export({ format: "jwk" });
      json({ keys: [{ ...key, use: "sig", alg: "RS256", kid: "k1" }] });
    } else if (url.pathname === "/authorize") {
      const asked = url.searchParams;
      const code = randomUUID();
      this.#codes.set(code, asked);
      const back = new URL(asked.get("redirect_uri"));
      back.searchParams.set("state", asked.get("state"));
      back.searchParams.set(...(this.letsIn ? ["code", code] : ["error", "access_denied"]));
      response.writeHead(302, { location: back.href }).end();
    } else if (url.pathname === "/token") {
      const told = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
      const asked = this.#codes.get(told.get("code"));
      this.#codes.delete(told.get("code"));
      const proof = createHash("sha256").update(told.get("code_verifier")).digest("base64url");
      assert.equal(asked.get("code_challenge"), proof);
      json({ access_token: randomUUID(), token_type: "Bearer", id_token: this.#token(asked) });
    } else {
      json({
        issuer: this.issuer,
        authorization_endpoint: `${this.issuer}/authorize`,
        token_endpoint: `${this.issuer}/token`,
        jwks_uri: `${this.issuer}/jwks`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    }
  }

  #token(asked) {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { ...CARLA, iss: this.issuer, aud: "meltemi", iat, exp: iat + 300 };
    const head = encoded({ alg: "RS256", kid: "k1" });
    const signed = `${head}.${encoded({ ...claims, nonce: asked.get("nonce") })}`;
    const signature = sign("RSA-SHA256", Buffer.from(signed), this.#keys.privateKey);
    return `${signed}.${signature.toString("base64url")}`;
  }
}

async function picture(page, name) {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  const { width, height } = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 800 });
  await page.screenshot({ path: join(PICTURES, `${name}-narrow.png`), fullPage: true });
  await page.setViewportSize({ width, height });
}

test("somebody joins at an organisation and signs in there on another device", async (t) => {
  const provider = new Provider();
  await provider.start(t);
  const args = ["--openid", await provider.file(t)];
  const server = await startServer(t, { demo: true, open: false, args });
  const browser = await launchBrowser(t);

  const first = await newDevice(t, browser, server);
  const page = await first.open(`/${server.invitation.slice(server.invitation.indexOf("#"))}`);
  await titled(page, "Join");
  const button = (page) => page.getByRole("button", { name: `Sign in with ${NAME}` });
  await button(page).waitFor();
  await checkAccessible(page);
  await picture(page, "join");
  await button(page).click();
  await says(page, "On the server");
  await page.getByRole("banner").getByRole("button", { name: CARLA.name }).waitFor();
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).hash, "/");

  const second = await newDevice(t, browser, server);
  const other = await second.open("/");
  await titled(other, "Sign in");
  await picture(other, "sign-in");
  provider.letsIn = false;
  await button(other).press("Enter");
  await other.getByRole("alert").getByText("did not confirm who you are").waitFor();
  await checkAccessible(other);
  await picture(other, "refused");
  provider.letsIn = true;
  await button(other).press("Enter");
  await says(other, "On the server");
  await other.getByRole("banner").getByRole("button", { name: CARLA.name }).waitFor();

  // A sign-out that the server has not heard of is told it again before somebody leaves for there.
  const answers = [503, 502];
  await other.route("**/api/session", (route) => {
    const status = route.request().method() === "DELETE" ? answers.pop() : undefined;
    return status ? route.fulfill({ status }) : route.continue();
  });
  const refused = other.waitForResponse((answer) => answer.status() === 502);
  await signOut(other, CARLA);
  await titled(other, "Sign in");
  await refused;
  await button(other).press("Enter");
  await other.getByRole("alert").getByText("The server cannot be reached").waitFor();
  await button(other).press("Enter");
  await says(other, "On the server");
  await other.getByRole("banner").getByRole("button", { name: CARLA.name }).waitFor();
});

test("a member links an account of an organisation, and removes it", async (t) => {
  const provider = new Provider();
  await provider.start(t);
  const args = ["--openid", await provider.file(t)];
  const server = await startServer(t, { demo: true, open: false, args });
  const browser = await launchBrowser(t);
  const device = await newDevice(t, browser, server);
  const page = await device.open(`/${server.invitation.slice(server.invitation.indexOf("#"))}`);
  await titled(page, "Join");
  await page.getByLabel("Your name").fill("Ana Lima");
  await page.getByLabel("E-mail address").fill("ana@example.org");
  await page.getByLabel("Choose a password").fill("a wind from the north-east");
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await says(page, "On the server");

  await page.goto("/office.html#password");
  const heading = page.getByRole("heading", { name: "Accounts of organisations" });
  await heading.waitFor();
  await page.getByText("No account is linked.").waitFor();
  const link = page.getByRole("button", { name: `Link ${NAME}` });
  provider.letsIn = false;
  await link.click();
  await page.getByRole("alert").getByText("did not confirm who you are").waitFor();
  provider.letsIn = true;
  await refuseOnce(page, "POST", "**/api/openid/*/link");
  await link.click();
  await page.getByRole("alert").getByText(SIGN_IN_AGAIN).waitFor();
  await link.click();
  const said = page.locator(".toasts[role=status]");
  await said.getByText("You can sign in with this account from now on.").waitFor();
  const entry = page.getByRole("main").getByRole("listitem").filter({ hasText: NAME });
  await entry.waitFor();
  assert.equal(new URL(page.url()).hash, "#password");
  await checkAccessible(page);
  await picture(page, "links");

  const remove = async () => {
    await entry.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  };
  await refuseOnce(page, "DELETE", "**/api/openid/links/*");
  await remove();
  await said.getByText(SIGN_IN_AGAIN).waitFor();
  await said.getByRole("button", { name: "Close message" }).last().click();
  await said.getByText(SIGN_IN_AGAIN).waitFor({ state: "detached" });
  await remove();
  await said.getByText("The link is removed.").waitFor();
  await page.getByText("No account is linked.").waitFor();
});
