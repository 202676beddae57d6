// An OpenID Connect provider: `node provider.mjs PORT REDIRECT_URI`. It accepts every username.
import { Provider } from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: "porthor",
    client_secret: "secret-of-a-test-client",
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: "client_secret_post",
  }],
  claims: { openid: ["sub", "uid"] },
  // The username is read from the ID token.
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, uid: id }) }),
  cookies: { keys: ["of-a-test"] },
  // The forms for login and consent.
  features: { devInteractions: { enabled: true } },
});
provider.listen(Number(port), "127.0.0.1");
