package main

import (
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// logFlags say what is logged, and how.
type logFlags struct{ level, format string }

func (f *logFlags) add(cmd *cobra.Command) {
	addChoice(cmd, &f.level, "log-level", "log what is at least as important", "info", "debug", "warn", "error")
	addChoice(cmd, &f.format, "log-format", "log for people, or one JSON object a line", "text", "json")
}

// levels are those of --log-level.
var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// logger writes to w, in colour if that is a terminal. What comes from clients is quoted by the handlers where a terminal would obey to it.
func (f *logFlags) logger(w io.Writer) *slog.Logger {
	level := levels[f.level]
	if f.format == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: forPeople}))
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, ReplaceAttr: forPeople, TimeFormat: time.DateTime, NoColor: !colorful(w)}))
}

// forPeople writes durations as everywhere else (10s, for which JSON would have nanoseconds), and why a client was refused in the words of the command line.
func forPeople(_ []string, a slog.Attr) slog.Attr {
	switch {
	case a.Value.Kind() == slog.KindDuration:
		a.Value = slog.StringValue(a.Value.Duration().String())
	case (a.Key == "reason" || a.Key == "setting") && a.Value.Kind() == slog.KindString:
		a.Value = slog.StringValue(strings.ReplaceAll(inFlags(a.Value.String()), "Config.MaxFrame", "--max-frame"))
	}
	return a
}

// inFlags puts --allow-md5 in the place of the Go names that texts of package connection have for it.
func inFlags(text string) string {
	var names []string
	for name, policy := range md5Policies {
		names = append(names, "Config.MD5 is "+policy.String(), "--allow-md5 is "+name, policy.String(), "--allow-md5 "+name)
	}
	return strings.NewReplacer(append(names, "Config.MD5", "--allow-md5")...).Replace(text)
}

// colorful reports whether w is a terminal that shows colours. NO_COLOR is what users of many programs set who want none (no-color.org); a console of Windows may print the codes
// instead.
func colorful(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && runtime.GOOS != "windows"
}
