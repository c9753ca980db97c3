using System.Diagnostics;

namespace Ingest.Tests.Commands;

/// <summary>The program as a user starts it.</summary>
internal static class WorkerProgram
{
    /// <summary>Of commands that end within seconds: so long that only one that hangs reaches it, on whatever machine.</summary>
    private static readonly TimeSpan s_atMost = TimeSpan.FromMinutes(3);

    /// <summary>Runs it to its end, without the store accounts that other tests have put into this process's environment.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string folder, params string[] arguments)
    {
        using var process = Start(folder, arguments);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!await EndsAsync(process)) Assert.Fail($"'{string.Join(' ', arguments)}' did not end within {s_atMost}:\n{await errors}{await output}");
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>Starts it; for <see cref="EndsAsync"/>.</summary>
    public static Process Start(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["Ingest__Health__Port"] = "1";
        foreach (var account in start.Environment.Keys.Where(k => k.StartsWith("AZURE_", StringComparison.Ordinal) || k.StartsWith("AWS_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(account);
        return Process.Start(start)!;
    }

    /// <summary>Whether it ends by itself; one that does not is killed.</summary>
    public static async Task<bool> EndsAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(s_atMost);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            return false;
        }
    }
}
