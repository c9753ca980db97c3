using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Ingest.Tests.Crash;

/// <summary>The worker as operators run it: a process of its own, which can be killed without a chance to say goodbye.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    public WorkerProcess(IReadOnlyDictionary<string, string> settings, params string[] arguments) : this(["run", .. arguments], settings)
    {
    }

    private WorkerProcess(string[] arguments, IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["Ingest__Health__Port"] = "0";
        foreach (var (name, value) in settings) start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Any of its commands.</summary>
    public static WorkerProcess Command(params string[] arguments) => new(arguments, new Dictionary<string, string>());

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM, and how the process ended.</summary>
    /// <param name="again">Send it once more, and again, until it has ended.</param>
    public async Task<int> TerminateAsync(bool again = false)
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        while (again && !_process.HasExited)
        {
            using var more = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await more.WaitForExitAsync();
        }

        return await ExitAsync();
    }

    /// <summary>Waits, at most a minute, until the worker's status page says something.</summary>
    public async Task UntilStatusAsync(int port, string text)
    {
        using var client = new HttpClient();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!(await PageAsync()).Contains(text, StringComparison.Ordinal)) await Task.Delay(50, deadline.Token);

        async Task<string> PageAsync()
        {
            try
            {
                return await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"), deadline.Token);
            }
            catch (HttpRequestException)
            {
                return ""; // not listening yet
            }
        }
    }

    /// <summary>Waits, at most a minute, until the worker has logged something.</summary>
    public async Task UntilLoggedAsync(string text)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!Output.Contains(text, StringComparison.Ordinal) && !HasExited) await Task.Delay(10, deadline.Token);
    }

    public static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async Task<int> ExitAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private void Append(string? line)
    {
        lock (_output) _output.AppendLine(line);
    }
}
