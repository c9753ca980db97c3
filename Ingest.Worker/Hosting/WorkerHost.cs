using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Flow.Telemetry;
using Ingest.Worker.Configuration;
using Ingest.Worker.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Ingest.Worker.Hosting;

/// <summary>Builds the host: the table of contents of the process.</summary>
internal static class WorkerHost
{
    public static WebApplication Build(WorkerOptions options, Catalog catalog, IConfiguration configuration)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddConfiguration(configuration);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (options.Settings.Health.Port > 0) kestrel.ListenAnyIP(options.Settings.Health.Port);
        });
        if (options.Settings.Health.Port == 0) builder.Services.AddSingleton<Microsoft.AspNetCore.Hosting.Server.IServer, NoServer>();

        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));

        // The slim builder chooses a formatter by itself; the settings decide.
        if (builder.Configuration["Logging:Console:FormatterName"] is { Length: > 0 } formatter)
            builder.Services.PostConfigure<ConsoleLoggerOptions>(console => console.FormatterName = formatter);
        AddEngine(builder.Services, options, catalog);
        AddObservability(builder.Services);
        var app = builder.Build();
        HealthEndpoints.Map(app);
        HostLog.Starting(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Ingest"), catalog.Topics.Count, catalog.Datasets.Length,
            catalog.Topics.Values.Select(t => t.Department).Distinct().Count(), options.Pool.ToString());
        return app;
    }

    private static void AddEngine(IServiceCollection services, WorkerOptions options, Catalog catalog)
    {
        services.AddSingleton(options);
        services.AddSingleton(catalog);
        services.AddSingleton(provider => new StopClock(TimeProvider.System, provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        services.AddSingleton(provider => PoolStore.Open(options.Pool, options.Store, options.Retry, TimeProvider.System, Logger(provider, "Ingest.Store")));
        services.AddSingleton(provider =>
        {
            var pool = provider.GetRequiredService<PoolStore>();
            return new IngestEngine(options.Engine, catalog, new EngineServices { Pool = pool.Store, PoolBeside = pool.Beside, StoreFault = () => pool.Fault, Logger = Logger(provider, "Ingest") });
        });

        // Before the engine's service, so that it ends after it.
        if (options.Settings.Kafka.DeadLetterTopic.Length > 0) services.AddHostedService<DeadLetterService>();
        services.AddHostedService(provider => new ProgressLogService(() => provider.GetRequiredService<IngestEngine>().Status, TimeProvider.System, Logger(provider, "Ingest")));
        services.AddHostedService(_ => new MemoryKeeper(options.BudgetBytes, TimeProvider.System));
        services.AddSingleton<IngestBackgroundService>();
        services.AddHostedService(provider => provider.GetRequiredService<IngestBackgroundService>());
        services.Configure<HostOptions>(host => host.ShutdownTimeout = StopClock.Limit);
    }

    private static void AddObservability(IServiceCollection services)
    {
        var metrics = services.AddOpenTelemetry().ConfigureResource(Name).WithMetrics(meters => meters
            .AddMeter(IngestMeters.Name)
            .AddView(IngestMeters.CommitDuration, new ExplicitBucketHistogramConfiguration { Boundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] })
            .AddView(IngestMeters.SealingDuration, new ExplicitBucketHistogramConfiguration { Boundaries = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600] })
            .AddRuntimeInstrumentation()
            .AddPrometheusExporter());
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 }) metrics.WithMetrics(meters => meters.AddOtlpExporter());
    }

    /// <summary>What a collector shows as the service; the standard variables win.</summary>
    private static void Name(ResourceBuilder resource)
    {
        var isNamed = Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME") is { Length: > 0 }
            || Environment.GetEnvironmentVariable("OTEL_RESOURCE_ATTRIBUTES")?.Contains("service.name=", StringComparison.Ordinal) == true;
        if (!isNamed) resource.AddService("ingest", autoGenerateServiceInstanceId: false);
    }

    private static ILogger Logger(IServiceProvider provider, string category) => provider.GetRequiredService<ILoggerFactory>().CreateLogger(category);
}
