/* Signing in: login and password, the code of six digits when it is asked for, a one-time link, a first password. The same form stands
 * over the page when a session ended in the middle of work. */
import { html, useEffect, useState } from "../lib/html.js";
import { useCell } from "../lib/cell.js";
import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import * as api from "../lib/api.js";
import { again, look, session, signedIn } from "../lib/session.js";
import { Button, Dialog, Field } from "../lib/ui.js";
import { SetUp } from "./account/factor.js";
import { Back, Services, back } from "./signin_by.js";

/* login: already known (a session that ended), then it cannot be another. */
function Form({ login: known = null, onDone, path = "session", ok }) {
	const [login, setLogin] = useState(known ?? ""), [password, setPassword] = useState(""), [code, setCode] = useState("");
	const [needsCode, setNeedsCode] = useState(false), [error, setError] = useState(null), [isBusy, setBusy] = useState(false);
	async function send(e) {
		e.preventDefault();
		setBusy(true);
		setError(null);
		try {
			onDone(await api.post(path, { ...(path === "session" ? { login: login.trim() } : {}), password, ...(needsCode ? { totp: code.replace(/\s/g, "") } : {}) }, { isBare: true }));
		} catch (refusal) {
			if (refusal.needs === "totp" && !needsCode) {
				setNeedsCode(true);
			} else {
				setError(refusal.message);
			}
		}
		setBusy(false);
	}
	return html`<form class="sign-in" onSubmit=${send}>
		<${Field} label=${t("session.login")}><input name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus=${known === null} readonly=${known !== null} value=${login} onInput=${(e) => setLogin(e.target.value)} /><//>
		<${Field} label=${t("session.password")}><input name="password" type="password" autocomplete="current-password" required autofocus=${known !== null} value=${password} onInput=${(e) => setPassword(e.target.value)} /><//>
		${needsCode && html`<${Field} label=${t("session.code")} hint=${t("session.code_hint")}><input name="totp" class="code" inputmode="text" autocomplete="one-time-code" required maxlength="40" value=${code}
			ref=${(box) => box && code === "" && box.focus()} onInput=${(e) => setCode(e.target.value)} /><//>`}
		${error && html`<p class="error" role="alert">${error}</p>`}
		<${Button} kind="primary" type="submit" disabled=${isBusy}>${ok ?? t("session.in")}<//></form>`;
}

function NewPassword({ onDone }) {
	const [password, setPassword] = useState(""), [twice, setTwice] = useState(""), [error, setError] = useState(null);
	async function send(e) {
		e.preventDefault();
		if (password !== twice) {
			setError(t("session.not_the_same"));
			return;
		}
		try {
			onDone(await api.post("session/password", { password }, { isBare: true }));
		} catch (refusal) {
			setError(refusal.message);
		}
	}
	return html`<form class="sign-in" onSubmit=${send}><p>${t("session.set_password")}</p>
		<input class="unseen" name="login" autocomplete="username" tabindex="-1" aria-hidden="true" readonly value=${session.get().me?.login ?? ""} />
		<${Field} label=${t("session.new_password")} hint=${t("session.password_hint")}><input name="new-password" type="password" autocomplete="new-password" minlength="12" required autofocus value=${password} onInput=${(e) => setPassword(e.target.value)} /><//>
		<${Field} label=${t("session.password_twice")}><input name="new-password-twice" type="password" autocomplete="new-password" required value=${twice} onInput=${(e) => setTwice(e.target.value)} /><//>
		${error && html`<p class="error" role="alert">${error}</p>`}
		<${Button} kind="primary" type="submit">${t("session.keep_password")}<//></form>`;
}

/* What stands behind '#' never reached a log; it leaves the address at once. */
function FromLink() {
	const [error, setError] = useState(null), [needsCode, setNeedsCode] = useState(false), [code, setCode] = useState("");
	const [token] = useState(() => location.hash.slice("#/link/".length));
	function send(totp) {
		setError(null);
		return api.post("session/link", { token, ...(totp ? { totp } : {}) }, { isBare: true }).then(signedIn, (refusal) => {
			setNeedsCode(refusal.needs === "totp");
			if (refusal.needs !== "totp" || totp) {
				setError(refusal.message);
			}
		});
	}
	useEffect(() => {
		history.replaceState(null, "", "/");
		send(null);
	}, []);
	if (needsCode) {
		return html`<form class="sign-in" onSubmit=${(e) => { e.preventDefault(); send(code.replace(/\s/g, "")); }}>
			<${Field} label=${t("session.code")} hint=${t("session.code_hint")}><input name="totp" class="code" autocomplete="one-time-code" required autofocus maxlength="40" value=${code} onInput=${(e) => setCode(e.target.value)} /><//>
			${error && html`<p class="error" role="alert">${error}</p>`}<${Button} kind="primary" type="submit">${t("session.in")}<//></form>`;
	}
	return error === null ? html`<p role="status">${t("session.link_opens")}</p>` : html`<p class="error" role="alert">${error}</p><p><a href="/" onClick=${() => location.assign("/")}>${t("session.in")}</a></p>`;
}

/* The service failed, the password did not. */
function fromBack(me) {
	back.set(null);
	go("/", { replace: true });
	signedIn(me);
}

/* A page of its own. */
export function SignIn() {
	const { is, me } = useCell(session);
	const [fromLink] = useState(location.hash.startsWith("#/link/"));
	const isBack = useCell(back) !== null;
	const mustSet = is === "in" && me.must_set_password;
	const mustProve = is === "in" && !mustSet && me.must_set_up_totp;
	return html`<main class="door"><div class="door-box"><h1><img src=${document.querySelector("link[rel=icon]").href} width="28" height="28" alt="" /> answerd</h1>
		${mustSet ? html`<${NewPassword} onDone=${(now) => signedIn({ ...me, ...now, must_set_password: false })} />`
			: mustProve ? html`<p class="door-words">${t("factor.must")}</p><${SetUp} onDone=${look} />`
			: fromLink ? html`<${FromLink} />`
			: isBack ? html`<${Back}>${is === "in" ? html`<p><a href="/" onClick=${() => back.set(null)}>${t("session.go_on")}</a></p>` : html`<${Form} onDone=${fromBack} /><${Services} />`}<//>`
			: html`<p class="door-words">${t("session.promise")}</p><${Form} onDone=${signedIn} /><${Services} />`}</div></main>`;
}

/* The session ended while somebody worked: over what stands there. */
export function Lost() {
	const { me } = useCell(session);
	return html`<${Dialog} title=${t("session.ended")}><p>${t("session.ended_words")}</p>
		${me.password !== false && html`<${Form} login=${me.login} onDone=${signedIn} />`}<${Services} isAlone=${me.password === false} /><//>`;
}

/* What matters is asked for once more. */
export function Again() {
	const asked = useCell(again);
	if (asked === null) {
		return null;
	}
	const hasPassword = session.get().me.password !== false;
	function end(isDone) {
		again.set(null);
		isDone ? asked.resolve() : asked.reject(new api.Refusal(403, { detail: t("session.again_not") }));
	}
	return html`<${Dialog} title=${t("session.again")} onClose=${() => end(false)}><p>${t(hasPassword ? "session.again_words" : "session.again_by")}</p>
		<${Services} isAgain=${true} isAlone=${!hasPassword} />
		${hasPassword && html`<${Form} login=${session.get().me.login} path="session/again" ok=${t("session.go_on")} onDone=${(me) => { session.set({ is: "in", me: { ...session.get().me, ...me } }); end(true); }} />`}<//>`;
}
