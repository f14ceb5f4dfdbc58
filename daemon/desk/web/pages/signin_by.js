/* Signing in by a service: its button, and what happens when the browser comes back from there (/oidc). What it brought leaves the address at
 * once, and is good for one sign-in of this browser. */
import { html, useEffect, useState } from "../lib/html.js";
import { cell, useCell } from "../lib/cell.js";
import { t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { Button } from "../lib/ui.js";

const BACK = "/oidc";

function readBack() {
	if (location.pathname !== BACK) {
		return null;
	}
	const query = new URLSearchParams(location.search);
	history.replaceState(null, "", BACK);
	return Object.fromEntries(["state", "code", "iss", "error"].filter((name) => query.has(name)).map((name) => [name, query.get(name)]));
}

/* What a service gave back; null: we come from nowhere. */
export const back = cell(readBack());

/* By which services one can sign in: asked once. */
const services = cell(null);
let isAsked = false;

function ask() {
	if (!isAsked) {
		isAsked = true;
		api.get("session/oidc", {}, { isBare: true }).then((said) => services.set(said.items), () => { isAsked = false; });
	}
}

/* Their list; empty until it is known. */
export function useServices() {
	useEffect(ask, []);
	return useCell(services) ?? [];
}

/* isAgain: the service is to ask for a proof now. */
export function Services({ isAgain = false, isAlone = false }) {
	const all = useServices();
	const [error, setError] = useState(null);
	if (all.length === 0) {
		return null;
	}
	async function begin(provider) {
		setError(null);
		try {
			const here = location.pathname === BACK ? "/" : location.pathname + location.search;
			const { address } = await api.post("session/oidc", { provider, place: here, again: isAgain }, { isBare: true });
			if (/^https?:\/\//.test(address)) {
				location.assign(address);
			}
		} catch (refusal) {
			setError(refusal.status === 0 ? t("ui.not_reached") : refusal.message);
		}
	}
	return html`<div class="sign-in-by">${!isAlone && html`<p class="or"><span>${t("session.or")}</span></p>`}
		${all.map((one) => html`<${Button} key=${one.name} kind=${isAlone ? "primary" : "plain"} onClick=${() => begin(one.name)}>${t(isAgain ? "session.prove_with" : "session.in_with", { label: one.label })}<//>`)}
		${error && html`<p class="error" role="alert">${error}</p>`}</div>`;
}

/* The page on the way back. `children`: what else one can do when it failed. */
export function Back({ children }) {
	const brought = useCell(back);
	const [error, setError] = useState(null);
	useEffect(() => {
		if (!brought.state) {
			setError(t("session.back_empty"));
			return;
		}
		api.post("session/oidc/done", brought, { isBare: true }).then((me) => {
			const to = new URL(me.place, location.origin);
			location.replace(to.origin === location.origin ? to.href : "/");
		}, (refusal) => setError(refusal.status === 0 ? t("ui.not_reached") : refusal.message));
	}, []);
	return error === null ? html`<p role="status">${t("session.back")}</p>` : html`<p class="error" role="alert">${error}</p>${children}`;
}
