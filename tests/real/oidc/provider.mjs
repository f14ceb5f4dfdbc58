/* npm's oidc-provider, as a company has one: node provider.mjs PORT REDIRECT. Its people are whoever signs in: their login is their address. */
import Provider from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
	clients: [{ client_id: "answerd", client_secret: "of answerd: +/=&%", redirect_uris: [redirect], grant_types: ["authorization_code"], response_types: ["code"] }],
	claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
	cookies: { keys: ["for a test alone"] },
	pkce: { required: () => true },
	async findAccount(ctx, id) {
		return { accountId: id, claims: async () => ({ sub: id, email: id, email_verified: true, name: id.split("@")[0] }) };
	},
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
