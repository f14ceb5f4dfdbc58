/* Who is next: after an answer the next person who waits is there. Whom one has just answered still waits until the platform has
 * confirmed it, and is left out for a while. */
import { t } from "../../lib/i18n.js";
import * as api from "../../lib/api.js";
import { go, place, withQuery } from "../../lib/router.js";
import { session } from "../../lib/session.js";
import { toast, toastRefusal } from "../../lib/ui.js";
import { isAnswered } from "../../lib/waiting.js";

const FILTERS = ["by", "brand", "platform", "assignee", "tag", "mine", "free", "overdue", "all"];

function isFree(entry) {
	return !isAnswered(entry.id) && (entry.assignee === null || entry.assignee === session.get().me?.login);
}

/* Behind this one in the list as it is filtered now; from its beginning where there is none. */
export async function goNext(id) {
	const filters = Object.fromEntries(FILTERS.map((name) => [name, place.get().query[name]]));
	try {
		const { items } = await api.get("queue", { ...filters, limit: 50 });
		const at = items.findIndex((e) => e.id === id);
		const others = [...items.slice(at + 1), ...items.slice(0, Math.max(at, 0))].filter((e) => e.id !== id && isFree(e));
		if (others.length > 0) {
			go(withQuery({}, `/conversation/${others[0].id}`));
		} else {
			toast(t("talk.nobody_next"), { tone: "good" });
			go(withQuery({}, "/"));
		}
	} catch (e) {
		toastRefusal(e);
	}
}
