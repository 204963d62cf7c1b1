# Reads the events of `go test -json`. Prints a line for each package and the output of those that fail, and appends
# "passed failed skipped" to the file named by counts. Exits with 1 when something has failed.

# field is the value of a string field of the event.
function field(name,   at) {
	at = index($0, "\"" name "\":\"")
	if (!at) return ""
	rest = substr($0, at + length(name) + 4)
	# Strings without escapes, which is all of them but Output.
	return substr(rest, 1, index(rest, "\"") - 1)
}

# output is the text of the event, which is its last field.
function output(   s) {
	if (!match($0, /"Output":"/)) return ""
	s = substr($0, RSTART + RLENGTH)
	sub(/","[A-Z][A-Za-z]*":.*\}$/, "", s)
	sub(/"\}$/, "", s)
	gsub(/\\\\/, "\001", s)
	gsub(/\\n/, "\n", s)
	gsub(/\\t/, "\t", s)
	gsub(/\\r/, "", s)
	gsub(/\\"/, "\"", s)
	gsub(/\\u003c/, "<", s)
	gsub(/\\u003e/, ">", s)
	gsub(/\\u0026/, "\\&", s)
	gsub(/\\u00[01][0-9a-f]/, "", s)
	gsub(/\001/, "\\", s)
	return s
}

!/^\{/ { print; next } # go's own words

{
	action = field("Action"); pkg = field("Package"); test = field("Test")
	if (action == "build-output") { printf "%s", output(); next }
	if (action == "build-fail") { next } # the package's fail follows
	if (action == "output") {
		if (!((pkg, test) in text)) order[pkg, ++tests[pkg]] = test
		text[pkg, test] = text[pkg, test] output()
		next
	}
	if (test != "") {
		if (action == "pass") { passed++; here[pkg]++ }
		if (action == "skip") skipped++
		if (action == "fail") { failed++; bad[pkg]++ }
		if (action == "pass" || action == "skip") delete text[pkg, test]
		next
	}
	if (action == "pass") {
		elapsed = $0
		sub(/.*"Elapsed":/, "", elapsed); sub(/[,}].*/, "", elapsed)
		printf "ok  \t%s\t%.2fs\t%d passed\n", pkg, elapsed, here[pkg]
	}
	if (action == "fail") {
		# What the package itself has said, and the tests that have failed or never ended.
		for (i = 1; i <= tests[pkg]; i++)
			if ((pkg, order[pkg, i]) in text) printf "%s", text[pkg, order[pkg, i]]
		printf "FAIL\t%s\t%d passed, %d failed\n", pkg, here[pkg], bad[pkg]
		if (!bad[pkg]) failed++ # did not compile, crashed, or failed in TestMain
	}
	if (action == "pass" || action == "fail" || action == "skip")
		for (i = 1; i <= tests[pkg]; i++) delete text[pkg, order[pkg, i]]
	fflush()
}

END {
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	print passed + 0, failed + 0, skipped + 0 >>counts
	exit failed > 0
}
