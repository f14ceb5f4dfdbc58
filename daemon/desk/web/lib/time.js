/* Times: kept as the desk says them (RFC 3339, UTC), shown in the reader's zone; `skew` is what this machine's clock is off. */
import { formatOf, region, t } from "./i18n.js";

let skew = 0;

/* The desk said: now it is `at` (milliseconds). */
export function learnNow(at) {
	skew = at - Date.now();
}

export function now() {
	return Date.now() + skew;
}

export function ms(at) {
	return at === null || at === undefined ? null : typeof at === "number" ? at : Date.parse(at);
}

/* Seconds as people say them: "4 min", "3 h 12 min", "2 d 4 h". */
export function span(seconds) {
	const s = Math.max(0, Math.floor(seconds));
	const minutes = Math.floor(s / 60), hours = Math.floor(s / 3600), days = Math.floor(s / 86400);
	if (s < 60) {
		return t("time.under_a_minute");
	}
	if (hours < 1) {
		return t("time.minutes", { m: minutes });
	}
	if (days < 1) {
		return minutes % 60 === 0 ? t("time.hours", { h: hours }) : t("time.hours_minutes", { h: hours, m: minutes % 60 });
	}
	if (days < 7 && hours % 24 !== 0) {
		return t("time.days_hours", { d: days, h: hours % 24 });
	}
	return t("time.days", { d: days });
}

/* "in 4 min", "4 min ago". */
export function fromNow(at, from = now()) {
	const s = (ms(at) - from) / 1000;
	if (s < 0 && s > -60) {
		return t("time.just_now");
	}
	return s >= 0 ? t("time.in", { span: span(s) }) : t("time.ago", { span: span(-s) });
}

function format(at, options) {
	return formatOf("DateTimeFormat", region(), options).format(new Date(at));
}

/* The clock of the same day, else with the date. */
export function clock(at) {
	const then = ms(at);
	const isToday = new Date(then).toDateString() === new Date(now()).toDateString();
	return isToday ? format(then, { hour: "2-digit", minute: "2-digit" }) : format(then, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/* To the second, with the date: where the order of things matters. */
export function precise(at) {
	return format(ms(at), { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/* The exact instant, in the reader's zone and in UTC. */
export function exact(at) {
	const then = ms(at);
	return `${format(then, { dateStyle: "full", timeStyle: "long" })} · ${new Date(then).toISOString().replace(".000Z", "Z")}`;
}

/* Whoever points at a time reads the exact one. Only then: to find the words for all that are seen takes as long as to draw them. */
export function onPoint(event) {
	const el = event.target.closest?.("time");
	if (el) {
		el.title = exact(el.dateTime);
	}
}

/* Calls back at every whole `seconds` while the page is seen, and when it is seen again. */
export function everySo(seconds, does) {
	const look = () => document.visibilityState === "visible" && does();
	const timer = setInterval(look, seconds * 1000);
	document.addEventListener("visibilitychange", look);
	return () => {
		clearInterval(timer);
		document.removeEventListener("visibilitychange", look);
	};
}
