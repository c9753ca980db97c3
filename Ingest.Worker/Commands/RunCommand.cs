using System.CommandLine;
using Ingest.Core.Transfers.Kafka;
using Ingest.Worker.Configuration;
using Ingest.Worker.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Commands;

/// <summary><c>run</c>: the service.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan s_leavingMax = TimeSpan.FromSeconds(5), s_leavingReserve = TimeSpan.FromSeconds(1.5);

    public static Command Create()
    {
        var untilCaughtUp = new Option<bool>("--until-caught-up") { Description = "End when everything that the topics held at the start is committed." };
        var command = new Command("run", "Consume transfers and write the pool, until stopped. Settings: appsettings.json, environment (Ingest__Kafka__BootstrapServers=…), command line (--Ingest:Kafka:BootstrapServers=…).")
        {
            untilCaughtUp,
        };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parse, cancellation) => RunAsync(parse.UnmatchedTokens, parse.GetValue(untilCaughtUp), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(IReadOnlyList<string> arguments, bool untilCaughtUp, CancellationToken cancellation)
    {
        // The library waits for this task when a signal comes, and it has none before the first wait: the process would end with 143.
        await Task.Yield();
        var errors = new List<string>(SettingArguments.Check(arguments));
        var configuration = SettingsReader.Configuration(arguments);
        var options = SettingsReader.Read(configuration, untilCaughtUp, errors);
        var catalog = ContractFiles.Load(configuration["Ingest:Contracts"] ?? new IngestSettings().Contracts, errors, "Give a YAML file or a folder of them with Ingest:Contracts.");
        if (options is not null && KafkaTransferSource.WhyRefused(options.Kafka) is { } unknown) errors.Add(unknown);
        if (options is { Settings.Health.Port: > 0 } && HealthPort.WhyNot(options.Settings.Health.Port) is { } taken) errors.Add(taken);
        if (options is not null && CacheFolder.WhyNot(options.Engine.CacheFolder) is { } unwritable) errors.Add(unwritable);
        if (options is null || catalog is null || errors.Count > 0) return Refuse(errors);

        NativeHeap.Configure();
        HeapLimit.Apply(options.BudgetBytes, options.Kafka.PrefetchBytes);
        var app = WorkerHost.Build(options, catalog, configuration);
        var clock = app.Services.GetRequiredService<StopClock>();
        try
        {
            return await RunAsync(app, cancellation).ConfigureAwait(false);
        }
        finally
        {
            // Exporters of metrics wait for collectors here, some without a bound of their own.
            var left = clock.Left(s_leavingMax, s_leavingReserve);
            await Task.WhenAny(Task.Run(() => app.DisposeAsync().AsTask(), CancellationToken.None), Task.Delay(left, TimeProvider.System, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private static async Task<int> RunAsync(WebApplication app, CancellationToken cancellation)
    {
        IngestBackgroundService service;
        try
        {
            service = app.Services.GetRequiredService<IngestBackgroundService>();
        }
        catch (Exception refused) when (Refusal.IsOne(refused))
        {
            return Refuse([refused.Message]);
        }

        List<BackgroundService> services = [.. app.Services.GetServices<IHostedService>().OfType<BackgroundService>()];
        using var signals = new StopSignals(TimeProvider.System, app.Services.GetRequiredService<ILoggerFactory>());
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
            await app.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested || app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Told to stop before it had started: nothing was taken in yet.
        }

        // Any other service that ends by a bug ends the host, which tells ingest to stop in good order: the process must not look as if it were done.
        return service.ExitCode == ExitCodes.Ok && services.Any(s => s.ExecuteTask is { IsFaulted: true }) ? ExitCodes.Failed : service.ExitCode;
    }

    private static int Refuse(List<string> errors)
    {
        foreach (var error in errors) Console.Error.WriteLine(error);
        Console.Error.WriteLine($"Not started: {errors.Count} {(errors.Count == 1 ? "error" : "errors")} in the configuration or the contracts.");
        return ExitCodes.BadConfiguration;
    }
}
