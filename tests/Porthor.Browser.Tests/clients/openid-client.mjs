// Logs a user in with the npm package openid-client: discovery, authorization code, ID token, userinfo.
// Arguments: issuer, address of the provider for requests of the client, client ID, client secret, redirect URI.
// Prints the URL that the user's browser must open, reads the URL to which the browser returned, and prints the claims.
import * as readline from 'node:readline/promises';
import * as client from 'openid-client';

const [issuer, address, id, secret, redirectUri] = process.argv.slice(2);
// The host name of the issuer is known only to the browser.
const toProvider = (url, options) => fetch(url.replace(issuer, `${address}/`), options);
const config = await client.discovery(new URL(issuer), id, secret, undefined, { [client.customFetch]: toProvider });

const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
console.log(client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: 'openid profile email',
  state,
  nonce,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
}).href);

const lines = readline.createInterface({ input: process.stdin });
const returned = (await lines[Symbol.asyncIterator]().next()).value;
lines.close();
const tokens = await client.authorizationCodeGrant(config, new URL(returned), {
  expectedState: state,
  expectedNonce: nonce,
  pkceCodeVerifier: verifier,
});
const claims = tokens.claims();
const user = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
let replay = 'accepted';
try {
  await client.authorizationCodeGrant(config, new URL(returned), { expectedState: state, expectedNonce: nonce });
} catch (e) {
  replay = e.error;
}
console.log(JSON.stringify({ sub: claims.sub, name: user.name, email: user.email, scope: tokens.scope, replay }));
