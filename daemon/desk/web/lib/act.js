/* One act on the desk, from wherever on the page: the call, what is said of it, and what is shown fetched again, done or refused. */
import * as api from "./api.js";
import { toastRefusal } from "./ui.js";

/* done(what the desk said); → whether it was done */
export async function perform(path, body, reload, done) {
	try {
		const said = await api.post(path, body);
		done?.(said);
		return true;
	} catch (e) {
		toastRefusal(e);
		return false;
	} finally {
		reload();
	}
}

/* Who works here, auditors too. */
export async function colleagues() {
	const { items } = await api.get("staff");
	return items.filter((s) => s.disabled_at === null);
}
