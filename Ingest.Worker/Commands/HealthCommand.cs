using System.CommandLine;
using System.Globalization;
using Ingest.Worker.Configuration;

namespace Ingest.Worker.Commands;

/// <summary><c>health</c>: asks the worker on this machine; for container health checks, where there is no curl.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var live = new Option<bool>("--live") { Description = "Ask only whether the process answers." };
        var command = new Command("health", "Ask the worker on this machine whether it is ready; exit code 0 if so.") { live };
        command.SetAction((parse, cancellation) => AskAsync(parse.GetValue(live) ? "live" : "ready", cancellation));
        return command;
    }

    private static async Task<int> AskAsync(string what, CancellationToken cancellation)
    {
        var configured = SettingsReader.Configuration([])["Ingest:Health:Port"];
        var port = new HealthSettings().Port;
        if (configured is not null && !int.TryParse(configured, NumberStyles.None, CultureInfo.InvariantCulture, out port))
        {
            await Console.Error.WriteLineAsync($"Ingest:Health:Port is '{configured}'. Give the worker's port.").ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/health/{what}"), cancellation).ConfigureAwait(false);
            Console.Write(await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false));
            return answer.IsSuccessStatusCode ? ExitCodes.Ok : ExitCodes.Failed;
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or TaskCanceledException)
        {
            Console.Error.WriteLine($"No answer on port {port}: {unreachable.Message.TrimEnd('.')}. If the worker's port is another one, give it as Ingest__Health__Port in the environment.");
            return ExitCodes.Failed;
        }
    }
}
