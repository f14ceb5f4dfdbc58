# Completion for answerd(8). It asks the program itself what it knows, so that it cannot go stale.
_answerd() {
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= list= i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--config) i=$((i + 1)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	if [ "$before" = --config ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	if [[ $current == -* ]]; then
		list="$(answerd --help 2>/dev/null | grep -E "^  answerd (${command:-[-\[]})" | grep -oE -- '--[a-z]+' | sort -u) --config --help --version"
	elif [ -z "$command" ]; then
		list=$(answerd --help 2>/dev/null | sed -n 's/^  answerd \([a-z][a-z-]*\).*/\1/p')
	elif [ "$command" = connect ] && [ "$before" = connect ]; then
		list=$(answerd check-config --show 2>/dev/null | sed -n 's/^brands\.[^.]*\.accounts\.\([^.]*\)\.platform = .*/\1/p')
	elif [ "$command" = digest ] && [ "$before" = digest ]; then
		list=$(answerd platforms --json 2>/dev/null | grep -oE '"name": *"[a-z0-9_]+"' | sed 's/.*"\(.*\)"/\1/')
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$current")
}
complete -F _answerd answerd
