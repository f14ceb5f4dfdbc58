/* One's own account: the second factor, recovery codes, the password. What opens doors asks once more who one is. */
import { html, useState } from "../lib/html.js";
import { useCell } from "../lib/cell.js";
import { t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { session, signOut } from "../lib/session.js";
import { Badge, Button, Field, confirm, toast, toastRefusal } from "../lib/ui.js";

async function refresh() {
	const me = await api.get("session");
	session.set({ is: "in", me });
}

function Codes({ codes, done }) {
	return html`<div class="card codes"><h3>${t("account.codes")}</h3><p>${t("account.codes_words")}</p>
		<ul class="code-list">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
		<div class="acts"><${Button} onClick=${() => navigator.clipboard?.writeText(codes.join("\n")).then(() => toast(t("account.copied"), { tone: "good" }), toastRefusal)}>${t("account.copy")}<//>
			<${Button} kind="primary" onClick=${done}>${t("account.codes_kept")}<//></div></div>`;
}

/* From the picture to the codes. Also stands where a role must have it before anything else. */
export function SetUpTotp({ onDone }) {
	const [begun, setBegun] = useState(null), [code, setCode] = useState(""), [codes, setCodes] = useState(null), [error, setError] = useState(null);
	async function begin() {
		try {
			setBegun(await api.post("session/totp"));
		} catch (e) {
			toastRefusal(e);
		}
	}
	async function send(e) {
		e.preventDefault();
		setError(null);
		try {
			setCodes((await api.post("session/totp/confirm", { code: code.replace(/\s/g, "") })).recovery_codes);
		} catch (refusal) {
			setError(refusal.status === 0 ? t("ui.not_reached") : refusal.message);
		}
	}
	if (codes !== null) {
		return html`<${Codes} codes=${codes} done=${onDone} />`;
	}
	if (begun === null) {
		return html`<p>${t("account.totp_words")}</p><${Button} kind="primary" onClick=${begin}>${t("account.totp_begin")}<//>`;
	}
	return html`<form class="totp" onSubmit=${send}><p>${t("account.totp_scan")}</p>
		${begun.qr && html`<svg class="qr" role="img" aria-label=${t("account.qr")} viewBox=${`-4 -4 ${begun.qr.size + 8} ${begun.qr.size + 8}`} shape-rendering="crispEdges"><rect x="-4" y="-4" width=${begun.qr.size + 8} height=${begun.qr.size + 8} fill="#fff" />
			<path d=${begun.qr.path} fill="#000" /></svg>`}
		<p class="hint">${t("account.totp_by_hand")} <code class="secret">${begun.secret.replace(/(.{4})/g, "$1 ").trim()}</code></p>
		<${Field} label=${t("account.totp_code")} error=${error}><input class="code" inputmode="numeric" autocomplete="one-time-code" required autofocus maxlength="8" value=${code} onInput=${(e) => setCode(e.target.value)} /><//>
		<${Button} kind="primary" type="submit">${t("account.totp_confirm")}<//></form>`;
}

function Password() {
	const [current, setCurrent] = useState(""), [next, setNext] = useState(""), [twice, setTwice] = useState(""), [error, setError] = useState(null);
	async function send(e) {
		e.preventDefault();
		setError(next === twice ? null : t("session.not_the_same"));
		if (next !== twice) {
			return;
		}
		try {
			await api.post("session/password", { password: next, current });
			setCurrent("");
			setNext("");
			setTwice("");
			toast(t("account.password_set"), { tone: "good" });
			await refresh();
		} catch (refusal) {
			setError(refusal.status === 0 ? t("ui.not_reached") : refusal.message);
		}
	}
	return html`<form onSubmit=${send}><input class="unseen" name="login" autocomplete="username" tabindex="-1" aria-hidden="true" readonly value=${session.get().me.login} />
		<${Field} label=${t("account.current")}><input type="password" name="current" autocomplete="current-password" required value=${current} onInput=${(e) => setCurrent(e.target.value)} /><//>
		<${Field} label=${t("session.new_password")} hint=${t("session.password_hint")}><input type="password" name="next" autocomplete="new-password" minlength="12" required value=${next} onInput=${(e) => setNext(e.target.value)} /><//>
		<${Field} label=${t("session.password_twice")} error=${error}><input type="password" name="twice" autocomplete="new-password" required value=${twice} onInput=${(e) => setTwice(e.target.value)} /><//>
		<${Button} kind="primary" type="submit">${t("session.keep_password")}<//></form>`;
}

export default function Account() {
	const { me } = useCell(session);
	const [isSetting, setSetting] = useState(false), [codes, setCodes] = useState(null);
	const done = () => { setSetting(false); setCodes(null); refresh().catch(toastRefusal); };
	async function off() {
		if (await confirm({ title: t("account.totp_off"), text: t("account.totp_off_words"), ok: t("account.totp_off"), kind: "danger" })) {
			try {
				await api.post("session/totp/off");
				await refresh();
			} catch (e) {
				toastRefusal(e);
			}
		}
	}
	async function fresh() {
		try {
			setCodes((await api.post("session/totp/recovery")).recovery_codes);
		} catch (e) {
			toastRefusal(e);
		}
	}
	return html`<div class="account"><h1>${t("account.title")}</h1><p>${t("account.you", { name: me.name || me.login, login: me.login })}</p>
		<section><h2>${t("account.totp")}</h2>
			${codes !== null ? html`<${Codes} codes=${codes} done=${done} />` : isSetting ? html`<${SetUpTotp} onDone=${done} />` : me.totp ? html`<p><${Badge} tone="good" icon="check">${t("account.totp_on")}<//> ${t("account.codes_left", { n: me.recovery_codes ?? 0 })}</p>
				<div class="acts"><${Button} onClick=${fresh}>${t("account.codes_new")}<//><${Button} onClick=${off}>${t("account.totp_off")}<//></div>`
				: html`<p><${Badge} tone="warn" icon="alarm">${t("account.totp_none")}<//></p><div class="acts"><${Button} kind="primary" onClick=${() => setSetting(true)}>${t("account.totp_set")}<//></div>`}
		</section>
		${me.auth !== "oidc" && html`<section><h2>${t("session.password")}</h2><${Password} /></section>`}
		<section><${Button} onClick=${signOut}>${t("session.out")}<//></section></div>`;
}
