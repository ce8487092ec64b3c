# Made by `make completions` from the commands of gatesh; change those instead.

_gatesh() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local path='' words='' kind='' i
    for ((i = 1; i < COMP_CWORD; i++)); do # the words that name commands, not their options
        case ' keeper approve history show sessions stats check patterns patterns/explain patterns/lint patterns/list patterns/show patterns/test setup demo completions ' in *" $path${COMP_WORDS[i]} "*) path+=${COMP_WORDS[i]}/ ;; esac
    done
    case "$path $before" in
        " -c"|"keeper/ --late"|"keeper/ --wait"|"history/ --session"|"history/ --agent"|"history/ --program"|"history/ --rule"|"history/ --target"|"history/ --since"|"history/ --until"|"history/ --exit"|"history/ --limit"|"history/ --fmt"|"sessions/ --limit"|"sessions/ --fmt"|"stats/ --since"|"stats/ --fmt"|"check/ --cwd"|"patterns/explain/ --cwd") : ;;
        "history/ --verdict") words='allow ask deny' ;;
        "history/ --cwd") kind=file ;;
        "history/ --outcome") words='ran refused abandoned failed unknown' ;;
        *) case $path in
            '') words='keeper approve history show sessions stats check patterns setup demo completions -c --version -h --help' kind=file ;;
            'keeper/') words='--daemon --pin --observe --late --wait -h --help' ;;
            'approve/') words='-h --help' ;;
            'history/') words='--session --agent --program --verdict --rule --target --cwd --since --until --exit --outcome --limit --reverse --full -f --follow --json --nl --csv -t --table --fmt -h --help' ;;
            'show/') words='--json -h --help' ;;
            'sessions/') words='--limit --json --nl --csv -t --table --fmt -h --help' ;;
            'stats/') words='--since --alerts --json --nl --csv -t --table --fmt -h --help' ;;
            'check/') words='--json --jsonl --cwd -h --help' ;;
            'patterns/') words='explain lint list show test -h --help' ;;
            'patterns/explain/') words='--cwd -h --help' ;;
            'patterns/lint/') words='-h --help' kind=file ;;
            'patterns/list/') words='-h --help' ;;
            'patterns/show/') words='-h --help' ;;
            'patterns/test/') words='-h --help' kind=file ;;
            'setup/') words='opencode --list --dry-run --undo --yes -h --help' ;;
            'demo/') words='--unattended -h --help' ;;
            'completions/') words='bash zsh fish -h --help' ;;
        esac ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    [[ $kind == file ]] && compopt -o default
    return 0
}
complete -F _gatesh gatesh
