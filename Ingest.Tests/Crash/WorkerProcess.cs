using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Ingest.Tests.Crash;

/// <summary>The worker as operators run it: a process of its own, which can be killed without a chance to say goodbye.</summary>
internal sealed class WorkerProcess : IDisposable
{
    /// <summary>Of conditions that come within seconds: so long that only a worker that hangs reaches it, on whatever machine.</summary>
    private static readonly TimeSpan s_atMost = TimeSpan.FromMinutes(3);

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

    public int Id => _process.Id;

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
        do
        {
            // That there is no such process any more is no error when it was told before.
            using var kill = Process.Start(new ProcessStartInfo("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardError = true })!;
            await kill.WaitForExitAsync();
        }
        while (again && !_process.HasExited);

        return await ExitAsync();
    }

    /// <summary>Waits until the worker's status page says something.</summary>
    public Task UntilStatusAsync(int port, string text) => UntilStatusAsync(port, page => page.Contains(text, StringComparison.Ordinal));

    public async Task UntilStatusAsync(int port, Func<string, bool> says)
    {
        using var client = new HttpClient();
        using var deadline = new CancellationTokenSource(s_atMost);
        var page = "";
        while (!says(page = await PageAsync()))
        {
            Assert.False(HasExited || deadline.IsCancellationRequested, $"The page said last: {page}\n{Output}");
            await Task.Delay(50);
        }

        async Task<string> PageAsync()
        {
            try
            {
                return await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"), deadline.Token);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                return ""; // not listening yet
            }
        }
    }

    /// <summary>Waits until the worker has logged something.</summary>
    public Task UntilLoggedAsync(string text) => UntilAsync(() => Output.Contains(text, StringComparison.Ordinal), $"'{text}' in the log");

    /// <summary>Waits for a condition while the worker runs.</summary>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(s_atMost);
        while (!condition())
        {
            Assert.False(deadline.IsCancellationRequested, $"The worker runs without {what}:\n{Output}");
            if (HasExited)
            {
                // What it said last may have come after the first look.
                await _process.WaitForExitAsync();
                Assert.True(condition(), $"The worker has ended without {what}:\n{Output}");
                return;
            }

            await Task.Delay(10);
        }
    }

    /// <summary>Waits for the end; its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        using var deadline = new CancellationTokenSource(s_atMost);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The worker did not end within {s_atMost}:\n{Output}");
        }

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
