# bash completion for rapportctl; source it or put it into bash_completion.d
_rapportctl() {
  local current="${COMP_WORDS[COMP_CWORD]}" first='' second='' words='' flags='--server= --workspace= --token-file= --tls-ca= --deadline= --json --help' choices='' i
  # bash splits --flag=value into three words.
  if [[ $current == = ]]; then current=''; fi
  local flag="${COMP_WORDS[COMP_CWORD-1]}"
  if [[ $flag == = ]]; then flag="${COMP_WORDS[COMP_CWORD-2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
      -*|=) ;;
      *) if [[ -z $first ]]; then first="${COMP_WORDS[i]}";
         elif [[ -z $second ]]; then second="${COMP_WORDS[i]}"; fi ;;
    esac
  done
  case "$flag" in
    --week-start) choices='monday sunday' ;;
    --purchase-model) choices='auto bg_nbd mbg_nbd pareto_nbd bg_cnbd_k mbg_cnbd_k bg_bb nbd' ;;
    --by) choices='day week month quarter year hour' ;;
    --compare) choices='previous last-year' ;;
    --statistic) choices='mean median p75 p90 p95 p99' ;;
    --side) choices='numerator denominator' ;;
    --birth) choices='first_order first_event' ;;
    --return) choices='order any_event' ;;
    --mode) choices='on on_or_after' ;;
    --show) choices='rate customers revenue' ;;
    --which) choices='ever in-range recurring' ;;
    --bucket) choices='day week month quarter year' ;;
    --period) choices='day week month quarter year' ;;
    --view) choices='nightly live' ;;
    --order) choices='ordered strict any' ;;
    --count) choices='customers sessions totals' ;;
    --anchor) choices='best first' ;;
    --rule) choices='increase deduplication order once' ;;
    --kind) choices='entered left' ;;
  esac
  if [[ -n $choices ]]; then COMPREPLY=($(compgen -W "$choices" -- "$current")); return; fi
  case "$first" in
    '') words='workspaces import events customers metrics feedback value cohorts lifecycle frameworks journey funnel paths segments goals alerts rates reference benchmarks runs generations store quality demo completion version help' ;;
    workspaces) words='create get list update' ;;
    events) words='list send' ;;
    customers) words='get list timeline explain set merge' ;;
    metrics) words='list query nps csat get define update delete customers explain' ;;
    feedback) words='verbatims follow-ups movement' ;;
    value) words='get report model tracking predict what-if explain bootstrap' ;;
    cohorts) words='retention analyze growth stickiness stage-times watch' ;;
    lifecycle) words='show transitions' ;;
    frameworks) words='list get create update delete customers' ;;
    funnel) words='show customers pain' ;;
    paths) words='show' ;;
    journey) words='show report effect' ;;
    segments) words='create list get update delete count customers changes test preview rfm clusters compare' ;;
    goals) words='create update delete list' ;;
    alerts) words='list watch' ;;
    rates) words='import show' ;;
    reference) words='import list' ;;
    benchmarks) words='import list' ;;
    runs) words='list get' ;;
    generations) words='list rollback' ;;
    store) words='stats check checkpoint' ;;
    demo) words='load describe' ;;
  esac
  if [[ -n $second ]]; then words=''; fi
  case "$first" in import|quality|completion|version|help) second='' ;; esac
  case "$first${second:+ $second}" in
    'workspaces create') flags="$flags --display-name= --time-zone= --currency= --week-start= --horizon-days= --discount-rate= --purchase-model= --time-unit-days= --margin= --churn-days= --subscription-days= --channel-covariate --model-by-channel --covariates= --model-by= --require-spend-mean --if-missing" ;;
    'workspaces update') flags="$flags --display-name= --time-zone= --currency= --week-start= --horizon-days= --discount-rate= --purchase-model= --time-unit-days= --margin= --churn-days= --subscription-days= --channel-covariate --model-by-channel --covariates= --model-by= --require-spend-mean" ;;
    'import') flags="$flags --mapping= --rejects= --max-rejects= --resume-file= --batch-size= --in-flight= --dry-run" ;;
    'events list') flags="$flags --limit= --type= --from= --to= --ascending --page-token=" ;;
    'customers get') flags="$flags --live" ;;
    'customers list') flags="$flags --filter= --limit= --page-token=" ;;
    'customers timeline') flags="$flags --limit= --type= --from= --to= --ascending --page-token=" ;;
    'customers explain') flags="$flags --live" ;;
    'customers set') flags="$flags --identity= --source= --create" ;;
    'metrics query') flags="$flags --from= --to= --nightly --by= --filter= --group-by= --top= --compare= --rolling= --statistic= --csv" ;;
    'metrics nps') flags="$flags --from= --to= --nightly" ;;
    'metrics csat') flags="$flags --from= --to= --nightly --by= --filter= --group-by= --top= --compare= --rolling= --statistic= --csv" ;;
    'metrics update') flags="$flags --etag=" ;;
    'metrics customers') flags="$flags --from= --to= --nightly --filter= --group-by= --group= --side= --limit=" ;;
    'metrics explain') flags="$flags --from= --to= --nightly --filter= --compare= --dimension=" ;;
    'feedback verbatims') flags="$flags --from= --to= --filter= --limit= --page-token= --empty" ;;
    'feedback follow-ups') flags="$flags --days= --filter= --limit= --page-token=" ;;
    'feedback movement') flags="$flags --from= --to= --touchpoint=" ;;
    'value get') flags="$flags --live --horizon= --counts=" ;;
    'value predict') flags="$flags --purchases= --recency= --age= --mean-value= --channel= --attribute= --horizon= --counts= --model= --parameter= --time-unit= --regularity=" ;;
    'value what-if') flags="$flags --leaving= --frequency= --order-value= --margin= --horizon=" ;;
    'value explain') flags="$flags --live" ;;
    'value bootstrap') flags="$flags --replicates= --seed= --level= --segment=" ;;
    'cohorts retention') flags="$flags --birth= --return= --mode= --show= --periods= --from= --to=" ;;
    'lifecycle show') flags="$flags --from= --to=" ;;
    'lifecycle transitions') flags="$flags --limit= --to-stage= --from= --to= --page-token=" ;;
    'cohorts analyze') flags="$flags --start= --which= --starts= --bucket= --by= --segment= --together --return= --returns= --mode= --bracket= --period= --periods= --rolling --start-counts --predicted --show= --from= --to= --nightly --budget=" ;;
    'cohorts growth') flags="$flags --filter= --by= --from= --to= --nightly --budget=" ;;
    'cohorts stickiness') flags="$flags --filter= --by= --events= --from= --to= --nightly --budget=" ;;
    'cohorts stage-times') flags="$flags --filter= --back-within= --from= --to= --nightly --budget=" ;;
    'cohorts watch') flags="$flags --to-stage= --resume=" ;;
    'frameworks get') flags="$flags --textproto" ;;
    'frameworks update') flags="$flags --etag=" ;;
    'frameworks customers') flags="$flags --limit= --page-token=" ;;
    'journey show') flags="$flags --framework= --view=" ;;
    'journey report') flags="$flags --from= --to= --filter= --view=" ;;
    'funnel show') flags="$flags --from= --to= --nightly --budget= --filter= --window= --order= --exclude= --hold= --count= --idle= --anchor= --rule= --by= --attribution= --top= --compare= --compare-from= --compare-to= --times --bins=" ;;
    'funnel customers') flags="$flags --from= --to= --nightly --filter= --window= --order= --exclude= --hold= --count= --idle= --anchor= --rule= --step= --dropped --by= --attribution= --group= --limit= --page-token=" ;;
    'funnel pain') flags="$flags --from= --to= --nightly --budget= --filter= --window= --order= --exclude= --hold= --count= --idle= --anchor= --rule= --dimension= --top=" ;;
    'paths show') flags="$flags --from= --to= --nightly --budget= --after= --before= --filter= --label= --depth= --top= --min-share= --repeats --window= --idle=" ;;
    'journey effect') flags="$flags --from= --to= --nightly --budget= --window= --filter= --match=" ;;
    'segments create') flags="$flags --filter= --rule-file= --customers-file= --name= --description=" ;;
    'segments update') flags="$flags --filter= --rule-file= --customers-file= --name= --description=" ;;
    'segments count') flags="$flags --as-of= --live" ;;
    'segments customers') flags="$flags --order= --limit= --page-token=" ;;
    'segments changes') flags="$flags --kind= --limit= --page-token=" ;;
    'segments test') flags="$flags --as-of=" ;;
    'segments preview') flags="$flags --filter= --rule-file= --as-of= --sample=" ;;
    'segments clusters') flags="$flags --clusters= --max= --seed= --feature= --segment=" ;;
    'goals create') flags="$flags --metric= --target= --from= --to= --filter= --baseline= --owner=" ;;
    'goals update') flags="$flags --metric= --target= --from= --to= --filter= --baseline= --owner=" ;;
    'goals list') flags="$flags --metric=" ;;
    'alerts list') flags="$flags --metric= --limit= --page-token=" ;;
    'alerts watch') flags="$flags --after=" ;;
    'rates import') flags="$flags --source=" ;;
    'rates show') flags="$flags --version= --currency=" ;;
    'reference import') flags="$flags --display-name= --source=" ;;
    'benchmarks list') flags="$flags --metric=" ;;
    'runs list') flags="$flags --limit=" ;;
    'generations list') flags="$flags --limit=" ;;
    'generations rollback') flags="$flags --expect-current=" ;;
    'demo load') flags="$flags --customers= --seed= --days= --end= --by-time --batch-size= --in-flight=" ;;
    'demo describe') flags="$flags --customers= --seed= --days= --end=" ;;
    'help') flags="$flags --all --markdown" ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _rapportctl rapportctl
