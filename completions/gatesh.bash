# Made by `make completions` from the commands of gatesh; change those instead.

_gatesh() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local path='' words='' options='' kind='' i
    for ((i = 1; i < COMP_CWORD; i++)); do # the words that name commands, not their options
        case ' run keeper approve elevate history show sessions stats secrets check patterns patterns/backtest patterns/coverage patterns/explain patterns/lint patterns/list patterns/new patterns/schema patterns/show patterns/test patterns/trust patterns/tune setup doctor hook demo completions ' in *" $path${COMP_WORDS[i]} "*) path+=${COMP_WORDS[i]}/ ;; esac
    done
    case "$path $before" in
        " -c"|"run/ --name"|"run/ --deletions"|"run/ --notify"|"run/ --scope"|"keeper/ --late"|"keeper/ --wait"|"approve/ --run"|"elevate/ --session"|"elevate/ --class"|"elevate/ --target"|"elevate/ --for"|"elevate/ --revoke"|"history/ --session"|"history/ --agent"|"history/ --program"|"history/ --target"|"history/ --label"|"history/ --since"|"history/ --until"|"history/ --exit"|"history/ --limit"|"sessions/ --limit"|"stats/ --since"|"patterns/backtest/ --since"|"patterns/backtest/ --limit"|"patterns/coverage/ --since"|"patterns/coverage/ --limit"|"patterns/list/ --program"|"patterns/list/ --file"|"patterns/new/ --from"|"patterns/new/ --file"|"patterns/tune/ --unless"|"patterns/tune/ --when"|"patterns/tune/ --since") : ;;
        "run/ --require") words='exec-gate' ;;
        "run/ --deletion-mode") words='hold record off' ;;
        "history/ --verdict") words='allow ask deny' ;;
        "history/ --rule") kind=rule ;;
        "history/ --cwd"|"check/ --cwd"|"patterns/backtest/ --patterns"|"patterns/explain/ --cwd") kind=file ;;
        "history/ --outcome") words='ran refused abandoned failed unknown approved rejected expired withdrawn nobody stopped granted repeated changed denied observed elevated' ;;
        "history/ --fmt"|"sessions/ --fmt"|"stats/ --fmt") words='simple plain github grid simple_grid rounded_grid outline pipe psql orgtbl rst mediawiki jira html latex tsv' ;;
        "patterns/list/ --class") words='access-grant access-revoke audit-off backup-destroy data-destroy data-overwrite deferred-destroy exposure guard-off history-rewrite key-destroy money opaque-exec outage publish resource-destroy' ;;
        "patterns/list/ --severity"|"patterns/tune/ --severity") words='low medium high critical' ;;
        *) case $path in
            '') words='run keeper approve elevate history show sessions stats secrets check patterns setup doctor hook demo completions' options='-c --version -h --help' kind=file ;;
            'run/') options='--name --observe --pin --require --deletions --deletion-mode --no-tty-prompt --notify --scope --read-only -h --help' ;;
            'keeper/') options='--daemon --pin --observe --late --wait -h --help' ;;
            'approve/') options='--run -h --help' ;;
            'elevate/') options='--session --class --target --for --list --revoke -h --help' ;;
            'history/') options='--session --agent --program --verdict --rule --target --label --cwd --since --until --exit --outcome --alerts --limit --reverse --full --internal --programs --pick --tree -f --follow --json --nl --csv -t --table --fmt -h --help' ;;
            'show/') options='--json -h --help' ;;
            'sessions/') options='--limit --json --nl --csv -t --table --fmt -h --help' ;;
            'stats/') options='--since --alerts --json --nl --csv -t --table --fmt -h --help' ;;
            'secrets/') options='--json --no-home -h --help' ;;
            'check/') options='--json --jsonl --cwd -h --help' ;;
            'patterns/') words='backtest coverage explain lint list new schema show test trust tune' options='-h --help' ;;
            'patterns/backtest/') options='--since --patterns --limit --json -h --help' ;;
            'patterns/coverage/') options='--since --limit --json -h --help' ;;
            'patterns/explain/') options='--cwd --all -h --help' ;;
            'patterns/lint/') options='-h --help' kind=file ;;
            'patterns/list/') options='--class --severity --program --file --changed -h --help' ;;
            'patterns/new/') options='--from --file -h --help' ;;
            'patterns/schema/') options='--scope -h --help' ;;
            'patterns/show/') options='-h --help' kind=rule ;;
            'patterns/test/') options='--plain -h --help' kind=file ;;
            'patterns/trust/') options='--undo --dry-run -h --help' kind=file ;;
            'patterns/tune/') options='--unless --when --severity --off --deny --undo --dry-run --since -h --help' kind=rule ;;
            'setup/') words='claude-code codex gemini-cli qwen-code droid copilot-cli cline opencode pi cursor windsurf crush continue aider gptme mini-swe-agent kiro vscode claude gemini qwen copilot cn mini cursor-agent' options='--list --dry-run --undo --yes -h --help' ;;
            'doctor/') options='--json --no-agents -h --help' ;;
            'hook/') words='claude-code codex droid qwen-code vscode gemini-cli crush copilot-cli cline cursor windsurf kiro claude gemini qwen copilot cursor-agent' options='-h --help' ;;
            'demo/') options='--unattended -h --help' ;;
            'completions/') words='bash zsh fish' options='-h --help' ;;
        esac ;;
    esac
    [[ $kind == rule ]] && words=$(gatesh patterns list 2>/dev/null | cut -d ' ' -f 1)
    [[ $current == -* ]] && words+=" $options"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    [[ $kind == file ]] && compopt -o default
    return 0
}
complete -F _gatesh gatesh
