using Ingest.Core.Flow.Runtime;
using Ingest.Worker.Configuration;
using Ingest.Worker.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Ingest.Worker.Health;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: it makes progress: tables open, store and broker reachable, nothing halted, nothing
/// waiting too long for its commit. <c>/metrics</c>: Prometheus. <c>/</c>: the same for people, as text.
/// </summary>
internal static class HealthEndpoints
{
    public static void Map(WebApplication app)
    {
        app.MapPrometheusScrapingEndpoint("/metrics");
        app.MapGet("/health/live", () => Results.Text("live\n"));
        app.MapGet("/health/ready", (HttpContext context) =>
        {
            var problems = Problems(context.RequestServices);
            return problems.Count == 0
                ? Results.Text("ready\n")
                : Results.Text(string.Join('\n', problems) + "\n", statusCode: StatusCodes.Status503ServiceUnavailable);
        });
        app.MapGet("/", (HttpContext context) => Results.Text(StatusPage.Render(context.RequestServices.GetRequiredService<IngestEngine>().Status, Problems(context.RequestServices))));
    }

    private static List<string> Problems(IServiceProvider services)
    {
        var settings = services.GetRequiredService<WorkerOptions>().Settings.Health;
        return Readiness.Problems(services.GetRequiredService<IngestEngine>().Status, services.GetRequiredService<PoolStore>().Fault, settings.CommitAgeMax);
    }
}
