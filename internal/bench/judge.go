package bench

// describe turns the samples of the cases into what the report says of them.
func describe(cases []Case, samples [][]Sample) []CaseResult {
	results := make([]CaseResult, len(cases))
	for c, one := range cases {
		r := CaseResult{Key: one.Key, Label: one.Label}
		for _, s := range samples[c] {
			r.Rounds = append(r.Rounds, s.PerOp)
			r.waits = append(r.waits, s.Waits...)
		}
		r.PerOp = Summarize(r.Rounds)
		if len(r.waits) > 0 {
			w := Summarize(r.waits)
			r.Waits = &w
		}
		results[c] = r
	}
	return results
}

// judge holds the targets against the cases; cases[0] is ours. A target that
// several cases answer to (two Pythons) gives a verdict for each.
func judge(targets []Target, cases []CaseResult) []Verdict {
	var verdicts []Verdict
	for _, t := range targets {
		switch t.kind {
		case kindTail:
			verdicts = append(verdicts, judgeTail(t, &cases[0]))
			continue
		case kindRate:
			verdicts = append(verdicts, judgeRate(t, &cases[0]))
			continue
		case kindMemory:
			spread := cases[0].PerOp
			verdicts = append(verdicts, Verdict{
				Target: t.String(), Unit: Bytes, Value: spread.Median, Spread: spread, Asked: true, Met: t.met(spread.Median),
			})
			continue
		}
		found := false
		for c := range cases {
			if c > 0 && cases[c].Key == t.Against {
				found = true
				verdicts = append(verdicts, judgeRatio(t, &cases[0], &cases[c]))
			}
		}
		if !found {
			verdicts = append(verdicts, Verdict{
				Target: t.String(), Against: t.Against, Asked: t.bound != 0, NotMeasured: true,
			})
		}
	}
	return verdicts
}

func judgeRatio(t Target, ours, other *CaseResult) Verdict {
	ratios := make([]float64, len(ours.Rounds))
	for r := range ratios {
		ratios[r] = t.ratio(ours.Rounds[r], other.Rounds[r])
	}
	spread := Summarize(ratios)
	return Verdict{
		Target: t.String(), Against: other.Label, Value: spread.Median, Spread: spread,
		Asked: t.bound != 0, Met: t.met(spread.Median), other: other,
	}
}

func judgeTail(t Target, ours *CaseResult) Verdict {
	if len(ours.waits) == 0 {
		return Verdict{Target: t.String(), Asked: true, NotMeasured: true}
	}
	value := Quantile(ours.waits, t.quantile)
	return Verdict{
		Target: t.String(), Unit: unitNS, Value: value, Spread: *ours.Waits, Asked: true, Met: t.met(value),
	}
}

func judgeRate(t Target, ours *CaseResult) Verdict {
	rates := make([]float64, len(ours.Rounds))
	for r, ns := range ours.Rounds {
		rates[r] = t.size / ns
	}
	spread := Summarize(rates)
	return Verdict{
		Target: t.String(), Unit: unitRate, Value: spread.Median, Spread: spread, Asked: true, Met: t.met(spread.Median),
	}
}
