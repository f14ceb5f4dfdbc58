# Completion for answer(1). It asks the program itself what it knows, so that it cannot go stale.
_answer() {
	local current=${COMP_WORDS[COMP_CWORD]} words=() word help sub i skip=
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [ -n "$skip" ]; then skip=; continue; fi
		case $word in
		--desk | --config) skip=yes ;;
		-*) ;;
		*) words+=("$word") ;;
		esac
	done
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
	--desk) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
	esac
	if [ ${#words[@]} -eq 0 ] && [[ $current != -* ]]; then
		help=$(answer --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p')
	else
		sub=$(answer --help 2>/dev/null | sed -n "s/^  ${words[0]:-.} \\([a-z][a-z-]*\\).*/\\1/p")
		if [ -n "$sub" ] && [ ${#words[@]} -eq 1 ] && [[ $current != -* ]]; then
			help=$sub
		elif [[ $current == -* ]]; then
			help=$({ [ ${#words[@]} -eq 0 ] || answer "${words[@]:0:$((${#sub} > 0 ? 2 : 1))}" --help; answer --help; } 2>/dev/null |
				grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+')
		fi
	fi
	mapfile -t COMPREPLY < <(compgen -W "$help" -- "$current")
}
complete -F _answer answer
