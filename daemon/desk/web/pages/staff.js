/* Who works here: for admins. A new person gets a link that is shown once; nobody sees another's password. */
import { html, useEffect, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { session } from "../lib/session.js";
import { Badge, Button, Dialog, Field, Foreign, Menu, Table, ask, askWords, confirm, toast, toastRefusal } from "../lib/ui.js";
import { words } from "./account/factor.js";
import { useServices } from "./signin_by.js";

const ROLES = ["auditor", "agent", "lead", "admin"];

function Link({ login, link, close }) {
	return html`<${Dialog} title=${t("staff.link_for", { login })} onClose=${() => close()}><p>${t("staff.link_words")}</p>
		<${Field} label=${t("staff.link")}><input class="secret" readonly autofocus value=${link} onFocus=${(e) => e.target.select()} /><//>
		<footer><${Button} kind="primary" onClick=${() => close()}>${t("ui.close")}<//></footer><//>`;
}

const showLink = (login, link) => ask((close) => html`<${Link} login=${login} link=${link} close=${close} />`);

function Add({ close }) {
	const [login, setLogin] = useState(""), [name, setName] = useState(""), [role, setRole] = useState("agent"), [error, setError] = useState(null);
	async function send(e) {
		e.preventDefault();
		try {
			close(await api.post("staff", { login: login.trim(), name: name.trim() || null, role }));
		} catch (refusal) {
			setError(words(refusal));
		}
	}
	return html`<${Dialog} title=${t("staff.add")} onClose=${() => close()}><form onSubmit=${send}>
		<${Field} label=${t("session.login")} hint=${t("staff.login_hint")}><input name="login" autofocus required maxlength="40" autocapitalize="none" spellcheck="false" autocomplete="off" value=${login} onInput=${(e) => setLogin(e.target.value)} /><//>
		<${Field} label=${t("staff.name")}><input name="name" maxlength="200" autocomplete="off" value=${name} onInput=${(e) => setName(e.target.value)} /><//>
		<${Field} label=${t("staff.role")}><select name="role" value=${role} onChange=${(e) => setRole(e.target.value)}>${ROLES.map((r) => html`<option value=${r}>${t(`role.${r}`)}: ${t(`role.${r}_may`)}</option>`)}</select><//>
		${error && html`<p class="error" role="alert">${error}</p>`}
		<footer><${Button} onClick=${() => close()}>${t("ui.cancel")}<//><${Button} kind="primary" type="submit">${t("staff.add")}<//></footer></form><//>`;
}

export default function Staff() {
	const [all, setAll] = useState(null);
	const hasServices = useServices().length > 0;
	const fetchAll = () => api.get("staff").then((got) => setAll(got.items), toastRefusal);
	useEffect(() => { fetchAll(); }, []);
	async function act(run, said) {
		try {
			const done = await run();
			said && toast(said);
			return done;
		} catch (e) {
			toastRefusal(e);
			return null;
		} finally {
			fetchAll();
		}
	}
	async function add() {
		const made = await ask((close) => html`<${Add} close=${close} />`);
		fetchAll();
		made && showLink(made.login, made.link);
	}
	async function link(one, withoutTotp) {
		const made = await act(() => api.post(`staff/${one.login}/link`, { without_totp: withoutTotp }));
		made && showLink(one.login, made.link);
	}
	async function email(one) {
		const address = await askWords({ title: t("staff.email_of", { login: one.login }), text: t("staff.email_words"), label: t("staff.email"), ok: t("staff.email_set"), value: one.email ?? "", max: 254,
			choices: one.email ? [{ label: t("staff.email_none"), value: "" }] : [] });
		if (address !== null) {
			act(() => api.post(`staff/${one.login}/email`, { email: address }), t(address === "" ? "staff.email_gone" : "staff.email_is", { login: one.login }));
		}
	}
	async function disable(one) {
		if (await confirm({ title: t("staff.disable_one", { login: one.login }), text: t("staff.disable_words"), ok: t("staff.disable"), kind: "danger" })) {
			act(() => api.post(`staff/${one.login}/disable`), t("staff.is_disabled", { login: one.login }));
		}
	}
	const acts = (one) => one.disabled_at ? [{ label: t("staff.back"), run: () => act(() => api.post("staff", { login: one.login })).then((made) => made && showLink(made.login, made.link)) }] : [
		{ label: t("staff.new_link"), run: () => link(one, false) },
		...(one.totp ? [{ label: t("staff.new_link_lost"), run: () => link(one, true) }] : []), null,
		...ROLES.map((role) => ({ label: t(`role.${role}`), isOn: one.role === role, run: () => act(() => api.post(`staff/${one.login}/role`, { role }), t("staff.has_role", { login: one.login, role: t(`role.${role}`) })) })), null,
		...(hasServices ? [{ label: t("staff.email"), run: () => email(one) }] : []),
		{ label: t("staff.disable"), run: () => disable(one) },
	];
	const state = (one) => one.disabled_at ? html`<${Badge} tone="bad">${t("staff.disabled")}<//>` : one.link_until ? t("staff.invited") : one.password ? t("staff.signs_in") : one.email ? t("staff.by_service") : t("staff.no_password");
	return html`<div class="settings"><h1>${t("staff.title")}</h1><p><${Button} kind="primary" onClick=${add}>${t("staff.add")}<//></p>
		${all !== null && html`<${Table} caption=${t("staff.title")} rows=${all} isStack isTitled columns=${[
			{ title: t("session.login"), cell: (one) => one.login }, { title: t("staff.name"), cell: (one) => html`<${Foreign} text=${one.name} />` },
			{ title: t("staff.role"), cell: (one) => t(`role.${one.role}`) }, { title: t("staff.state"), cell: state },
			{ title: t("factor.title"), cell: (one) => t(one.totp ? "factor.on" : "factor.none") },
			{ title: t("staff.acts"), cell: (one) => one.login !== "admin" && one.login !== session.get().me.login && html`<${Menu} label=${t("staff.acts_for", { login: one.login })} align="right" items=${acts(one)}>${t("staff.change")}<//>` },
		]} />`}</div>`;
}
