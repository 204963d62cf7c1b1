package pickle

import (
	"strings"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// Python 3 renamed modules of Python 2 and moved what is in them. Pickles of protocols 0 to 2 have Python 2's names, whoever wrote them; a global without an entry here has the
// same name in both. The tables have what those of Python 3's module _compat_pickle have (TestNamesArePythons).

// modules are the modules that were renamed as a whole: old new.
const modules = `
	__builtin__ builtins          copy_reg copyreg                Queue queue
	SocketServer socketserver     ConfigParser configparser       repr reprlib
	markupbase _markupbase        _winreg winreg                  thread _thread
	dummy_thread _dummy_thread    test.test_support test.support  commands subprocess
	_abcoll collections.abc       xmlrpclib xmlrpc.client         SimpleXMLRPCServer xmlrpc.server
	httplib http.client           htmlentitydefs html.entities    HTMLParser html.parser
	Cookie http.cookies           cookielib http.cookiejar        BaseHTTPServer http.server
	urlparse urllib.parse         robotparser urllib.robotparser  urllib2 urllib.request
	anydbm dbm                    dbm dbm.ndbm                    gdbm dbm.gnu
	dbhash dbm.bsd                dumbdbm dbm.dumb

	Tkinter tkinter               ttk tkinter.ttk                 Tix tkinter.tix
	Dialog tkinter.dialog         Tkdnd tkinter.dnd               tkFont tkinter.font
	ScrolledText tkinter.scrolledtext   Tkconstants tkinter.constants   tkMessageBox tkinter.messagebox
	tkFileDialog tkinter.filedialog     tkSimpleDialog tkinter.simpledialog
	tkColorChooser tkinter.colorchooser tkCommonDialog tkinter.commondialog
`

// oldModules are modules of Python 2 that became part of another one, which has its own counterpart there.
const oldModules = `
	_elementtree xml.etree.ElementTree  cPickle pickle
	FileDialog tkinter.filedialog       SimpleDialog tkinter.simpledialog
	DocXMLRPCServer xmlrpc.server       SimpleHTTPServer http.server   CGIHTTPServer http.server
	UserDict collections                UserList collections           UserString collections
	whichdb dbm                         StringIO io                    cStringIO io
`

// newModules are modules of Python 3 whose contents Python 2 has elsewhere.
const newModules = `
	_bz2 bz2    _dbm dbm    _functools functools    _gdbm gdbm    _pickle pickle
`

// moved are globals that have another name or another module: old new, with a module before each name.
const moved = `
	__builtin__.xrange builtins.range       __builtin__.reduce functools.reduce
	__builtin__.intern sys.intern           __builtin__.unichr builtins.chr
	__builtin__.unicode builtins.str        __builtin__.long builtins.int
	itertools.izip builtins.zip             itertools.imap builtins.map
	itertools.ifilter builtins.filter       itertools.ifilterfalse itertools.filterfalse
	itertools.izip_longest itertools.zip_longest
	UserDict.IterableUserDict collections.UserDict
	UserList.UserList collections.UserList  UserString.UserString collections.UserString
	whichdb.whichdb dbm.whichdb             _socket.fromfd socket.fromfd
	_multiprocessing.Connection multiprocessing.connection.Connection
	multiprocessing.process.Process multiprocessing.context.Process
	multiprocessing.forking.Popen multiprocessing.popen_fork.Popen
	urllib.ContentTooShortError urllib.error.ContentTooShortError
	urllib2.HTTPError urllib.error.HTTPError urllib2.URLError urllib.error.URLError
`

// movedNames are globals that kept their names and have another module: old module, new module, names.
var movedNames = [][3]string{
	{"urllib", "urllib.request", "getproxies pathname2url url2pathname urlcleanup urlopen urlretrieve"},
	{"urllib", "urllib.parse", "quote quote_plus unquote unquote_plus urlencode"},
	{"multiprocessing", "multiprocessing.context", "AuthenticationError BufferTooShort ProcessError TimeoutError"},
	{"exceptions", "builtins", `
		ArithmeticError AssertionError AttributeError BaseException BufferError BytesWarning DeprecationWarning EOFError EnvironmentError Exception
		FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError KeyError KeyboardInterrupt LookupError
		MemoryError NameError NotImplementedError OSError OverflowError PendingDeprecationWarning ReferenceError RuntimeError RuntimeWarning StopIteration
		SyntaxError SyntaxWarning SystemError SystemExit TabError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError
		UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning ZeroDivisionError`},
}

// movedIn are globals of Python 2 whose counterpart in Python 3 is that of another one, too; movedOut are those of Python 3. Both are old new.
const (
	movedIn = `
		__builtin__.basestring builtins.str     exceptions.StandardError builtins.Exception
		UserDict.UserDict collections.UserDict  socket._socketobject socket.SocketType
	`
	movedOut = `
		__builtin__.reduce _functools.reduce    socket._socketobject _socket.socket
		FileDialog.FileDialog tkinter.filedialog.FileDialog
		FileDialog.LoadFileDialog tkinter.filedialog.LoadFileDialog
		FileDialog.SaveFileDialog tkinter.filedialog.SaveFileDialog
		SimpleDialog.SimpleDialog tkinter.simpledialog.SimpleDialog
		DocXMLRPCServer.ServerHTMLDoc xmlrpc.server.ServerHTMLDoc
		DocXMLRPCServer.XMLRPCDocGenerator xmlrpc.server.XMLRPCDocGenerator
		DocXMLRPCServer.DocXMLRPCServer xmlrpc.server.DocXMLRPCServer
		DocXMLRPCServer.DocXMLRPCRequestHandler xmlrpc.server.DocXMLRPCRequestHandler
		DocXMLRPCServer.DocCGIXMLRPCRequestHandler xmlrpc.server.DocCGIXMLRPCRequestHandler
		SimpleHTTPServer.SimpleHTTPRequestHandler http.server.SimpleHTTPRequestHandler
		CGIHTTPServer.CGIHTTPRequestHandler http.server.CGIHTTPRequestHandler
		exceptions.ImportError builtins.ModuleNotFoundError
	`
	// osErrors are OSError in Python 2. BlockingIOError is missing in Python's tables, and so it is here.
	osErrors = `
		BrokenPipeError ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError FileExistsError FileNotFoundError
		InterruptedError IsADirectoryError NotADirectoryError PermissionError ProcessLookupError TimeoutError`
)

// nameTable is the translation in one direction.
type nameTable struct {
	globals map[py.Global]py.Global
	modules map[string]string
}

func (t *nameTable) translate(module, name string) (string, string) {
	if g, ok := t.globals[py.Global{Module: module, Name: name}]; ok {
		return g.Module, g.Name
	}
	if m, ok := t.modules[module]; ok {
		module = m
	}
	return module, name
}

// name2to3 is Python 3's name of a global of Python 2.
func name2to3(module, name string) (string, string) {
	to3, _ := nameTables()
	return to3.translate(module, name)
}

// name3to2 is Python 2's name of a global of Python 3.
func name3to2(module, name string) (string, string) {
	_, to2 := nameTables()
	return to2.translate(module, name)
}

// nameTables are built when a pickle of protocol 2 or less comes first.
var nameTables = sync.OnceValues(func() (to3, to2 *nameTable) {
	to3 = &nameTable{map[py.Global]py.Global{}, map[string]string{}}
	to2 = &nameTable{map[py.Global]py.Global{}, map[string]string{}}
	pairs(modules, func(old, new string) { to3.modules[old], to2.modules[new] = new, old })
	pairs(oldModules, func(old, new string) { to3.modules[old] = new })
	pairs(newModules, func(new, old string) { to2.modules[new] = old })

	in := func(old, new py.Global) { to3.globals[old] = new }
	out := func(old, new py.Global) { to2.globals[new] = old }
	pairs(moved, func(old, new string) {
		in(parseGlobal(old), parseGlobal(new))
		out(parseGlobal(old), parseGlobal(new))
	})
	for _, m := range movedNames {
		for name := range strings.FieldsSeq(m[2]) {
			in(py.Global{Module: m[0], Name: name}, py.Global{Module: m[1], Name: name})
			out(py.Global{Module: m[0], Name: name}, py.Global{Module: m[1], Name: name})
		}
	}
	pairs(movedIn, func(old, new string) { in(parseGlobal(old), parseGlobal(new)) })
	pairs(movedOut, func(old, new string) { out(parseGlobal(old), parseGlobal(new)) })
	for name := range strings.FieldsSeq(osErrors) {
		out(py.Global{Module: "exceptions", Name: "OSError"}, py.Global{Module: "builtins", Name: name})
	}
	return to3, to2
})

// pairs calls f with each two words of a table.
func pairs(table string, f func(a, b string)) {
	words := strings.Fields(table)
	for i := 0; i+1 < len(words); i += 2 {
		f(words[i], words[i+1])
	}
}

func parseGlobal(s string) py.Global {
	i := strings.LastIndexByte(s, '.')
	return py.Global{Module: s[:i], Name: s[i+1:]}
}
