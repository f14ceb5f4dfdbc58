/* One's own account: password, second factor, tokens for programs. What matters is asked for once more (lib/session.js). */
import { html, useEffect, useState } from "../lib/html.js";
import { useCell } from "../lib/cell.js";
import { t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { look, session, signedIn } from "../lib/session.js";
import { Badge, Button, Dialog, Field, Foreign, Table, Time, ask, confirm, toast, toastRefusal } from "../lib/ui.js";
import { Codes, SetUp } from "./account/factor.js";

/* ---- password ---- */

function Password() {
	const [current, setCurrent] = useState(""), [fresh, setFresh] = useState(""), [twice, setTwice] = useState(""), [error, setError] = useState(null);
	async function send(e) {
		e.preventDefault();
		if (fresh !== twice) {
			setError(t("session.not_the_same"));
			return;
		}
		try {
			const now = await api.post("session/password", { password: fresh, current }, { isBare: true });
			signedIn({ ...session.get().me, ...now });
			[setCurrent, setFresh, setTwice].forEach((set) => set(""));
			setError(null);
			toast(t("settings.password_set"), { tone: "good" });
		} catch (refusal) {
			setError(refusal.message);
		}
	}
	const box = (name, label, value, set, hint) => html`<${Field} label=${label} hint=${hint}><input name=${name} type="password" required autocomplete=${name === "current" ? "current-password" : "new-password"}
		value=${value} onInput=${(e) => set(e.target.value)} /><//>`;
	return html`<section class="settings-part"><h2>${t("session.password")}</h2><form onSubmit=${send}>
		<input class="unseen" name="login" autocomplete="username" tabindex="-1" aria-hidden="true" readonly value=${session.get().me.login} />
		${box("current", t("settings.current"), current, setCurrent)}${box("fresh", t("session.new_password"), fresh, setFresh, t("session.password_hint"))}${box("twice", t("session.password_twice"), twice, setTwice)}
		${error && html`<p class="error" role="alert">${error}</p>`}<p><${Button} kind="primary" type="submit">${t("session.keep_password")}<//></p></form></section>`;
}

/* ---- second factor ---- */

function Factor({ me }) {
	const [shows, setShows] = useState(null);
	async function codes() {
		try {
			setShows((await api.post("session/totp/recovery")).recovery_codes);
		} catch (e) {
			toastRefusal(e);
		}
	}
	async function off() {
		if (!await confirm({ title: t("factor.off"), text: t("factor.off_words"), ok: t("factor.off"), kind: "danger" })) {
			return;
		}
		try {
			await api.post("session/totp/off");
			await look();
			toast(t("factor.is_off"));
		} catch (e) {
			toastRefusal(e);
		}
	}
	async function done() {
		setShows(null);
		await look();
	}
	return html`<section class="settings-part"><h2>${t("factor.title")} <${Badge} tone=${me.totp ? "good" : "warn"}>${t(me.totp ? "factor.on" : "factor.none")}<//></h2>
		${shows === "set-up" ? html`<${SetUp} onDone=${done} onCancel=${() => setShows(null)} />`
			: shows !== null ? html`<${Codes} codes=${shows} onDone=${done} />`
			: me.totp ? html`<p>${t("factor.left", { n: me.recovery_codes })}</p><p class="row-of"><${Button} onClick=${codes}>${t("factor.new_codes")}<//><${Button} kind="danger" onClick=${off}>${t("factor.off")}<//></p>`
			: html`<p>${t("factor.why")}</p><p><${Button} kind="primary" onClick=${() => setShows("set-up")}>${t("factor.set_up")}<//></p>`}</section>`;
}

/* ---- tokens ---- */

function NewToken({ close }) {
	const [name, setName] = useState(""), [scope, setScope] = useState("read"), [days, setDays] = useState("90");
	const [made, setMade] = useState(null), [error, setError] = useState(null);
	async function send(e) {
		e.preventDefault();
		try {
			setMade(await api.post("tokens", { name, scope, days: Number(days) }));
		} catch (refusal) {
			setError(refusal.message);
		}
	}
	return html`<${Dialog} title=${t("tokens.new")} onClose=${() => close()}>${made !== null
		? html`<p>${t("tokens.once")}</p><${Field} label=${t("tokens.token")}><input class="secret" readonly autofocus value=${made.token} onFocus=${(e) => e.target.select()} /><//>
			<footer><${Button} kind="primary" onClick=${() => close()}>${t("ui.close")}<//></footer>`
		: html`<form onSubmit=${send}><${Field} label=${t("tokens.name")}><input name="name" autofocus required maxlength="100" value=${name} onInput=${(e) => setName(e.target.value)} /><//>
			<${Field} label=${t("tokens.scope")}><select name="scope" value=${scope} onChange=${(e) => setScope(e.target.value)}><option value="read">${t("tokens.read")}</option><option value="act">${t("tokens.act")}</option></select><//>
			<${Field} label=${t("tokens.days")}><input name="days" type="number" min="1" max="366" required value=${days} onInput=${(e) => setDays(e.target.value)} /><//>
			${error && html`<p class="error" role="alert">${error}</p>`}
			<footer><${Button} onClick=${() => close()}>${t("ui.cancel")}<//><${Button} kind="primary" type="submit">${t("tokens.make")}<//></footer></form>`}<//>`;
}

function Tokens() {
	const [all, setAll] = useState(null);
	const fetchAll = () => api.get("tokens").then((got) => setAll(got.items), toastRefusal);
	useEffect(() => { fetchAll(); }, []);
	async function make() {
		await ask((close) => html`<${NewToken} close=${close} />`);
		fetchAll();
	}
	async function revoke(one) {
		try {
			await api.post(`tokens/${one.id}/revoke`);
			toast(t("tokens.revoked", { name: one.name }));
		} catch (e) {
			toastRefusal(e);
		}
		fetchAll();
	}
	const state = (one) => one.is_good ? html`<${Time} at=${one.until} />` : html`<${Badge}>${t(one.revoked_at ? "tokens.is_revoked" : "tokens.is_over")}<//>`;
	return html`<section class="settings-part"><h2>${t("tokens.title")}</h2><p>${t("tokens.words")}</p><p><${Button} onClick=${make}>${t("tokens.new")}<//></p>
		${all !== null && html`<${Table} caption=${t("tokens.title")} rows=${all} isStack isTitled empty=${html`<p class="hint">${t("tokens.none")}</p>`} columns=${[
			{ title: t("tokens.name"), cell: (one) => html`<${Foreign} text=${one.name} />` }, { title: t("tokens.scope"), cell: (one) => t(`tokens.${one.scope}`) },
			{ title: t("tokens.until"), cell: state }, { title: t("tokens.used"), cell: (one) => one.used_at ? html`<${Time} at=${one.used_at} />` : t("tokens.never") },
			{ title: t("staff.acts"), cell: (one) => one.is_good && html`<${Button} kind="quiet" label=${t("tokens.revoke_one", { name: one.name })} onClick=${() => revoke(one)}>${t("tokens.revoke")}<//>` },
		]} />`}</section>`;
}

export default function Settings() {
	const { me } = useCell(session);
	return html`<div class="settings"><h1>${t("settings.title")}</h1><p class="hint">${me.name !== me.login && html`<${Foreign} text=${me.name} /> · `}${me.login} · ${t(`role.${me.role}`)}</p>
		${me.password !== false && html`<${Password} />`}<${Factor} me=${me} /><${Tokens} /></div>`;
}
